"""What its owner may do with a share, and with all of an image."""

from django.utils.translation import gettext_lazy as _

from images.product.rules import SHARE_FACTS, can_share
from imsconsole.accounts.rules import may_write
from imsconsole.core.actions import Action
from sharing.ending.rules import can_stop_sharing, can_withdraw_notice
from sharing.share.rules import can_forget_recipient

GIVEN_ACTIONS = (
    Action(_("Stop sharing"), "sharing:stop", can_stop_sharing, "x-mark"),
    Action(_("Go on sharing"), "sharing:go-on", can_withdraw_notice,
        is_shown=lambda share: share.ends_at is not None, method="post", style="primary"),
)  # fmt: skip
RECIPIENT_ACTIONS = (
    Action(_("Remove"), "sharing:forget-recipient", can_forget_recipient, "trash", method="post"),
)
MEMBERS_ACTIONS = (
    Action(_("Add members"), "sharing:share", can_share, "plus", facts=SHARE_FACTS, style="primary",
        where=("members",)),
    Action(_("Stop sharing with all"), "sharing:stop-all", lambda _image, actor: may_write(actor), "x-mark",
        where=("members",)),
)  # fmt: skip
