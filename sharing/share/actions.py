"""What its owner may do with a share, and with all of an image."""

from django.utils.translation import gettext_lazy as _

from images.product.rules import SHARE_FACTS, can_share
from imsconsole.accounts.rules import may_write
from imsconsole.core.actions import ROW, Action
from sharing.ending.rules import can_stop_sharing, can_withdraw_notice

GIVEN_ACTIONS = (
    Action(_("Stop sharing"), "sharing:stop", can_stop_sharing, icon="x-mark", where=(ROW,)),
    Action(
        _("Go on sharing"),
        "sharing:go-on",
        can_withdraw_notice,
        is_shown=lambda share: share.ends_at is not None,
        method="post",
        style="primary",
        where=(ROW,),
    ),
)
MEMBERS_ACTIONS = (
    Action(
        _("Add members"),
        "sharing:share",
        can_share,
        facts=SHARE_FACTS,
        style="primary",
        icon="plus",
        where=("members",),
    ),
    Action(
        _("Stop sharing with all"),
        "sharing:stop-all",
        lambda _image, actor: may_write(actor),
        icon="x-mark",
        where=("members",),
    ),
)
