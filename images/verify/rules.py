"""May the stored bytes of an image be compared with their checksum?"""

from django.utils.translation import gettext_lazy as _

from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_operate, may_write
from imsconsole.core.rules import ALLOWED, Verdict, refuse

READABLE = (Image.Status.ACTIVE, Image.Status.FROZEN)
VERIFY_FACTS = ("has_live_job",)


def can_verify(image: Image, actor: Actor) -> Verdict:
    """Own images whose bytes are there (R54), frozen ones as well: they thaw when their bytes are right again.

    Public images are the platform's to verify. `image` comes with `VERIFY_FACTS`.
    """
    if not (verdict := may_write(actor)):
        return verdict
    if image.category == Image.Category.PUBLIC and not may_operate(actor):
        return refuse(
            "public-image", _("Public images belong to the platform, which verifies them by itself.")
        )
    if image.project_id not in (actor.project.pk, None):
        return refuse(
            "not-owner", _("Only the owner of an image can verify it. Ask the project it belongs to.")
        )
    if image.status not in READABLE or not image.size_bytes:
        return refuse(
            "nothing-stored",
            _("The image has no stored bytes that could be verified. Wait until it is there."),
        )
    if image.has_live_job:
        return refuse(
            "image-busy",
            _("Other work on this image is still running. Wait until it has finished, or cancel it."),
        )
    return ALLOWED
