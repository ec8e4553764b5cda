"""What every page's frame shows."""

from typing import Any

from django.http import HttpRequest

from imsconsole.accounts.actor import projects_of
from imsconsole.accounts.models import User


def shell(request: HttpRequest) -> dict[str, Any]:
    """`actor`, and lazily the projects of the switcher and the theme."""
    user = getattr(request, "user", None)
    user = user if isinstance(user, User) else None
    return {
        "actor": getattr(request, "actor", None),
        "switchable_projects": (lambda: projects_of(user)) if user else [],
        "theme": user.theme if user else "auto",
    }
