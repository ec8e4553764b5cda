"""What the clock does on the day that was named."""

from contextlib import suppress
from datetime import timedelta

from imsconsole.accounts.actor import service_actor
from imsconsole.core.errors import NotFound
from imsconsole.core.now import now
from imsconsole.core.periodic import Periodic
from sharing.ending.services import end_due_share
from sharing.models import Share


def end_due_shares() -> None:
    """End what was announced. Nobody has seen such an image since its day came; this writes it down."""
    due = Share.objects.filter(ended_at=None, ends_at__lte=now())
    for share in due.select_related("owner__account", "owner__region"):
        with suppress(NotFound):  # its owner was quicker
            end_due_share(share, actor=service_actor(share.owner))


PERIODIC = (Periodic("sharing.end", timedelta(minutes=1), end_due_shares),)
