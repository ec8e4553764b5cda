"""May the tags of an image be changed? (ims-facts §2.22)"""

from django.utils.translation import gettext as _

from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.core.rules import ALLOWED, Verdict, refuse


def can_tag(image: Image, actor: Actor) -> Verdict:
    """Own private images in any state; tags of others' images are their owners' (R97)."""
    if not (verdict := may_write(actor)):
        return verdict
    if image.category == Image.Category.PUBLIC:
        return refuse(
            "public-image", _("Public images belong to the platform. Only private images can be tagged.")
        )
    if image.project_id != actor.project.pk:
        return refuse(
            "not-owner", _("The tags of an image are its owner's. Ask the project the image belongs to.")
        )
    if image.status in (Image.Status.DELETED, Image.Status.TRASHED):
        return refuse("deleted", _("The image has been deleted already; there is nothing left to do."))
    return ALLOWED
