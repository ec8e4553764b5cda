"""What the red dot of every page shows."""

from imsconsole.accounts.context import Frame
from imsconsole.core.counts import CountUpTo
from sharing.models import Share

MOST = 100
FRAME: Frame = {
    # how many offers wait for the project's answer
    "pending_shares": lambda _user, project: CountUpTo(Share.objects.pending_in(project), MOST),
}
