"""The reader's language and time zone, and `request.actor`."""

from collections.abc import Callable

from django.contrib.auth.middleware import get_user
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from imsconsole.accounts.actor import Actor, actor_for, projects_of
from imsconsole.accounts.models import Project, User
from imsconsole.accounts.preferences import zone_of

GetResponse = Callable[[HttpRequest], HttpResponse]
PROJECT_KEY = "project"


class PreferencesMiddleware:
    """Language (a user's own goes before the browser's) and time zone of the signed-in user."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if isinstance(user, User):
            if user.language:
                translation.activate(user.language)
                request.LANGUAGE_CODE = translation.get_language()
            timezone.activate(zone_of(user.time_zone))
        else:
            timezone.activate(zone_of(""))
        return self.get_response(request)


class ActorMiddleware:
    """`request.actor`: the user in the project of the session; None when signed out or no member."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = find_actor(request)  # type: ignore[attr-defined]
        return self.get_response(request)


def find_actor(request: HttpRequest) -> Actor | None:
    """The actor of the session's project, else of the first project the user may enter."""
    user = get_user(request)
    if not isinstance(user, User):
        return None
    address = request.META.get("REMOTE_ADDR", "")
    if (
        (project_id := request.session.get(PROJECT_KEY))
        and (project := Project.objects.select_related("account", "region").filter(pk=project_id).first())
        and (actor := actor_for(user, project, address))
    ):
        return actor
    for project in projects_of(user)[:1]:
        return actor_for(user, project, address)
    return None
