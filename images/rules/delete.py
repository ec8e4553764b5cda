"""May an image be deleted?"""

from django.utils.translation import gettext as _

from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.core.rules import ALLOWED, Verdict, refuse

IN_CREATION = (Image.Status.QUEUED, Image.Status.SAVING)


def can_delete(image: Image, actor: Actor) -> Verdict:
    """Own images only (R54), neither protected nor in creation nor in use by running work (R85, C13).

    `image` comes from `with_facts`. Servers made from it keep their own link to its bytes (R87).
    """
    if not (verdict := may_write(actor)):
        return verdict
    if not (verdict := _owns(image, actor)):
        return verdict
    if not (verdict := _is_idle(image)):
        return verdict
    if image.protected:
        return refuse(
            "protected", _("This image is protected and cannot be deleted. Switch its protection off first.")
        )
    return ALLOWED


def _owns(image: Image, actor: Actor) -> Verdict:
    if image.category == Image.Category.PUBLIC:
        return refuse(
            "public-image",
            _("Public images belong to the platform and cannot be deleted. Only private images can."),
        )
    if image.project_id != actor.project.pk:
        return refuse(
            "not-owner", _("Only the owner of an image can delete it. Ask the project it belongs to.")
        )
    return ALLOWED


def _is_idle(image: Image) -> Verdict:
    if image.status == Image.Status.DELETED:
        return refuse("deleted", _("The image has been deleted already; there is nothing left to do."))
    if image.status in IN_CREATION:
        return refuse(
            "in-creation",
            _("An image cannot be deleted while it is being created. Wait for its job to end, or cancel it."),
        )
    if image.launching_count:
        return refuse(
            "launching",
            _("Servers are being created from this image right now. Wait until they are ready."),
        )
    if image.is_held:
        return refuse(
            "image-busy",
            _("Other work on this image is still running. Wait until it has finished, or cancel it."),
        )
    return ALLOWED
