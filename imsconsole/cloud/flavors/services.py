"""Flavors: offered, hidden and withdrawn by operators."""

from imsconsole.accounts.actor import Operator
from imsconsole.accounts.log import service
from imsconsole.accounts.rows import drop_row, keep_row
from imsconsole.accounts.rules import may_operate
from imsconsole.cloud.models import Flavor


@service("createFlavor")
def create_flavor(*, flavor: Flavor, actor: Operator) -> Flavor:
    """Offer a flavor. Its size stays, as servers and their usage are counted by it."""
    return keep_row(flavor, actor)


@service("updateFlavor")
def hide_flavor(*, flavor: Flavor, hidden: bool, actor: Operator) -> Flavor:
    """Offer a flavor no more, or again; servers that have it go on."""
    may_operate(actor).require()
    flavor.hidden = hidden
    flavor.save(update_fields=["hidden"])
    return flavor


@service("deleteFlavor")
def delete_flavor(*, flavor: Flavor, actor: Operator) -> Flavor:
    """Remove a flavor that no server ever had."""
    return drop_row(flavor, actor)
