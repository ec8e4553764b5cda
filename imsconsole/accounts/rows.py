"""What operators keep and nobody orders: regions, zones, flavors, OS versions. For the services of every room."""

from typing import TypeVar

from django.db.models import Model, ProtectedError
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor, Operator
from imsconsole.accounts.rules import may_operate
from imsconsole.core.kept import forget_kept
from imsconsole.core.rules import Refused, refuse

M = TypeVar("M", bound=Model)


def keep_row(row: M, actor: Actor | Operator) -> M:
    """Write a new or changed row. Raises Refused."""
    may_operate(actor).require()
    row.save()
    forget_kept()
    return row


def drop_row(row: M, actor: Actor | Operator) -> M:
    """Delete a row that nothing uses; it still has its key, for the trail. Raises Refused."""
    may_operate(actor).require()
    key = row.pk
    forget_kept()
    try:
        row.delete()
    except ProtectedError as error:
        raise Refused(
            refuse(
                "still-in-use",
                _("“%(name)s” cannot be deleted: “%(other)s” still refers to it (%(count)s in all)."),
                name=row,
                count=len(error.protected_objects),
                other=min(map(str, error.protected_objects)),
            )
        ) from error
    row.pk = key
    return row
