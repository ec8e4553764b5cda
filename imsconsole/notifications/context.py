"""What the bell of every page shows."""

from typing import Any

from django.http import HttpRequest

from imsconsole.accounts.models import User
from imsconsole.notifications.models import Message


def bell(request: HttpRequest) -> dict[str, Any]:
    """`unread_messages`: how many, counted only when a page asks."""
    user = getattr(request, "user", None)
    return {
        "unread_messages": Message.objects.visible_to(user).unread().count if isinstance(user, User) else 0
    }
