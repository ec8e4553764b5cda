"""What both sides of a share ask. The rest is said by the rooms (ims-facts §2.14)."""

from django.utils.translation import gettext_lazy as _

from images.models import Image
from imsconsole.core.now import now
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from sharing.models import Share


def is_living(share: Share) -> Verdict:
    """Whether it has not ended, and its image has not gone."""
    gone = (Image.Status.DELETED, Image.Status.TRASHED)
    is_over = share.ended_at or (share.ends_at and share.ends_at <= now())
    if not is_over and share.image.status not in gone:
        return ALLOWED
    return refuse("share-ended", _("The image is not shared any more."))
