"""What every page's frame shows."""

from typing import Any

from django.http import HttpRequest

from imsconsole.accounts.actor import projects_of


def shell(request: HttpRequest) -> dict[str, Any]:
    """`actor`, and lazily the projects of the switcher and the theme."""
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    return {
        "actor": getattr(request, "actor", None),
        "switchable_projects": (lambda: projects_of(user)) if signed_in else [],
        "theme": user.theme if signed_in else "auto",
    }
