"""What the bell of every page shows."""

from imsconsole.accounts.context import Frame
from imsconsole.core.counts import CountUpTo
from imsconsole.notifications.models import Message

MOST = 100
FRAME: Frame = {
    "unread_messages": lambda user, _project: CountUpTo(
        Message.objects.visible_to(user).unread().order_by(), MOST
    ),
}
