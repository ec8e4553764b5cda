"""What its receiver may do with a share."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from images.models import Image
from imsconsole.core.actions import Action
from sharing.inbox.rules import can_accept, can_answer_all, can_reject
from sharing.models import Share


def _asks_vault(share: Share) -> bool:
    """A full-ECS image is accepted with a vault (R55); any other by one click."""
    return share.image.type == Image.Type.FULL


RECEIVED_ACTIONS = (
    Action(_("Accept"), "sharing:accept", can_accept, "check",
        is_shown=lambda share: share.status != Share.Status.ACCEPTED and not _asks_vault(share),
        method="post", style="primary"),
    Action(_("Accept"), "sharing:accept", can_accept, "check",
        is_shown=lambda share: share.status != Share.Status.ACCEPTED and _asks_vault(share), style="primary"),
    Action(_("Reject"), "sharing:reject", can_reject, "x-mark",
        is_shown=lambda share: share.status != Share.Status.REJECTED, asks=True),
)  # fmt: skip
# of those that wait for an answer
PENDING_ACTIONS = (
    Action(_("Accept all"), lambda _shares: reverse("sharing:accept-all"), can_answer_all, "check",
        method="post"),
)  # fmt: skip
