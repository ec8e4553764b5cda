"""What the red dot of every page shows."""

from functools import cache
from typing import Any

from django.http import HttpRequest

from sharing.models import Share


def inbox(request: HttpRequest) -> dict[str, Any]:
    """`pending_shares`: how many offers wait for the project's answer, counted once and only when a page asks."""
    actor = getattr(request, "actor", None)
    if actor is None:
        return {"pending_shares": 0}
    pending = Share.objects.received_by(actor).filter(status=Share.Status.PENDING)
    return {"pending_shares": cache(pending.count)}
