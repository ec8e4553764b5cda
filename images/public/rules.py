"""What operators may do with public images: they are the platform's (R2)."""

from collections.abc import Iterable
from datetime import date

from django.utils.translation import gettext_lazy as _

from images.models import Image
from images.public.catalogue import Entry
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_operate
from imsconsole.core.rules import ALLOWED, Verdict, refuse


def can_fetch(entry: Entry, boot_modes: Iterable[str], actor: Actor) -> Verdict:
    """Whether an image of the catalogue can be fetched (R2), for servers with these firmwares."""
    if not (verdict := may_operate(actor)):
        return verdict
    if not set(boot_modes) <= set(entry.boot_modes):
        return refuse(
            "boot-mode",
            _("%(name)s boots with %(modes)s only. Choose among these."),
            name=entry.name,
            modes=", ".join(mode.upper() for mode in entry.boot_modes),
        )
    return ALLOWED


def can_keep(image: Image, actor: Actor) -> Verdict:
    """Whether the platform takes care of an image: hides it, protects it, writes about it."""
    return may_operate(actor) and _is_public(image)


def can_deprecate(image: Image, actor: Actor, *, successor: Image | None = None) -> Verdict:
    """The successor is another public image of the same region that servers are still to be made from."""
    verdict = can_keep(image, actor) and (_is_public(successor) if successor else ALLOWED)
    if not verdict or successor is None:
        return verdict
    if successor.pk == image.pk or successor.region_id != image.region_id:
        return refuse(
            "successor-place", _("The successor of an image is another image of the same region. Choose one.")
        )
    if successor.deprecated_on or successor.hidden:
        return refuse(
            "successor-old",
            _("%(name)s is deprecated or hidden itself. Choose an image that is kept up."),
            name=successor.name,
        )
    return ALLOWED


def date_is_near(day: date, today: date) -> Verdict:
    """A slip of the pen is caught: ten years are enough either way."""
    if abs((day - today).days) <= 3653:
        return ALLOWED
    return refuse("date-far", _("%(day)s is too far away. Check the year."), day=day.isoformat())


def _is_public(image: Image) -> Verdict:
    if image.category == Image.Category.PUBLIC and image.status != Image.Status.DELETED:
        return ALLOWED
    return refuse("not-public", _("%(name)s is not a public image."), name=image.name)
