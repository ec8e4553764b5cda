"""Who did something, in a column of it."""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    from imsconsole.accounts.models import User


def person(title: Any = None, **options: Any) -> "models.ForeignKey[User | None, User | None]":
    """A user; the row stays without them. They have no way back to it."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=title,
        **options,
    )
