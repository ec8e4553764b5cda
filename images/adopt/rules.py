"""May an image of a cloud be offered as a public image?"""

from django.utils.translation import gettext_lazy as _

from images.models import CloudImage
from imsconsole.accounts.actor import Actor, Operator
from imsconsole.accounts.models import LEFT
from imsconsole.accounts.rules import may_operate
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.core.sentences import refuse_as


def can_adopt(found: CloudImage, actor: Actor | Operator) -> Verdict:
    """What is there, in a format that servers are made from as it is, once."""
    if not (verdict := may_operate(actor)):
        return verdict
    if found.is_adopted:
        return refuse("adopted-already", _("“%(name)s” is offered already."), name=found)
    if found.gone_at or found.region.engine == LEFT:
        return refuse("cloud-image-away", _("The cloud does not offer “%(name)s” any more."), name=found)
    if not found.stored:
        return refuse_as("adopt-format", format=found.format)
    return ALLOWED
