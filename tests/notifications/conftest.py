"""A message to a person."""

from collections.abc import Callable

import pytest

from imsconsole.accounts.actor import Actor
from imsconsole.notifications.models import Message
from imsconsole.notifications.send import send


@pytest.fixture
def tell() -> Callable[..., Message]:
    """Sends somebody a message; the row."""

    def tell(actor: Actor, code: str = "job-finished", **how) -> Message:
        how.setdefault("values", {"job": "Import image", "name": "web-3"})
        send(code, to=[actor.user], project=actor.project, **how)
        return Message.objects.filter(user=actor.user).latest("created_at")

    return tell
