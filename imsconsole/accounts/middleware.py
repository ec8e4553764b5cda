"""The reader's language and time zone, and `request.actor`: who acts, in the project of the address."""

from collections.abc import Callable
from uuid import UUID

from django.contrib.auth.middleware import get_user
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import get_script_prefix, set_script_prefix
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from imsconsole.accounts.actor import Actor, actor_in, projects_of
from imsconsole.accounts.models import Project, User
from imsconsole.accounts.places import other_project_showing
from imsconsole.accounts.preferences import zone_of
from imsconsole.core.htmx import wants_fragment
from imsconsole.core.logs import also_about
from imsconsole.core.middleware import error_page
from imsconsole.core.project_urls import NAMED, bare, in_project, prefix_of

GetResponse = Callable[[HttpRequest], HttpResponse]
PROJECT_KEY = "project"  # in the session: the ID of the project of the last page
OF_NO_PROJECT = ("/accounts/", "/admin/", "/i18n/", "/healthz", "/metrics", "/invitations/", "/buckets/link/")


class PreferencesMiddleware:
    """Language (a user's own goes before the browser's) and time zone of the signed-in user."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if isinstance(user, User):
            also_about(user_id=user.pk)
            if user.language:
                translation.activate(user.language)
                request.LANGUAGE_CODE = translation.get_language()
            timezone.activate(zone_of(user.time_zone))
        else:
            timezone.activate(zone_of(""))
        return self.get_response(request)


class ActorMiddleware:
    """`request.actor`: the user in the project of the address; None when signed out or no member.

    Every address that is reversed for the answer stays in that project. Where the address names none
    (`request.names_project` is false), the actor is in the project of the last page: good for a page's frame and to
    lead to where a page is, but not to act in.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        base, named = get_script_prefix(), NAMED.match(request.path_info)
        if named is None or named["base"]:
            return self._answer(request, actor_of_last_page(request))
        request.path_info = request.path_info[named.end() :] or "/"
        if request.path_info.startswith(OF_NO_PROJECT):
            return redirect(bare(request.get_full_path()))
        actor = _actor(request, named["project"])
        if actor:
            set_script_prefix(prefix_of(actor.project.pk))
        try:
            response = self._answer(request, actor, names_project=True)
            if actor and response.status_code == 404:
                return _way_to(request, actor) or response
            if actor and _is_page(request, response):
                _remember(request, actor.project)
            return response
        finally:
            set_script_prefix(base)

    def _answer(self, request: HttpRequest, actor: Actor | None, names_project: bool = False) -> HttpResponse:
        request.actor = actor  # type: ignore[attr-defined]
        also_about(project_id=actor and actor.project.pk)
        request.names_project = names_project  # type: ignore[attr-defined]
        return self.get_response(request)


def _actor(request: HttpRequest, project_id: UUID | str) -> Actor | None:
    """The user in that project; None when signed out or no member."""
    user = get_user(request)
    address = request.META.get("REMOTE_ADDR", "")
    return actor_in(user, project_id, address) if isinstance(user, User) else None


def actor_of_last_page(request: HttpRequest) -> Actor | None:
    """The user in the project of the last page, else in the first project the user may enter."""
    if (project_id := request.session.get(PROJECT_KEY)) and (actor := _actor(request, project_id)):
        return actor
    user = get_user(request)
    for project in projects_of(user)[:1] if isinstance(user, User) else ():
        return _actor(request, project.pk)
    return None


def _remember(request: HttpRequest, project: Project) -> None:
    if request.session.get(PROJECT_KEY) != str(project.pk):
        request.session[PROJECT_KEY] = str(project.pk)


def _is_page(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether somebody went there: no part of a page, no picture in it."""
    is_html = response.get("Content-Type", "").startswith("text/html")
    return request.method == "GET" and response.status_code == 200 and is_html and not wants_fragment(request)


def _way_to(request: HttpRequest, actor: Actor) -> HttpResponse | None:
    """The answer to who asks for a thing that is in another of their projects."""
    if wants_fragment(request) or not (project := other_project_showing(request.resolver_match, actor)):
        return None
    sentence = _("This is in another of your projects: %(project)s (%(region)s).") % {
        "project": project,
        "region": project.region,
    }
    way = in_project(project.pk, request.get_full_path()) if request.method == "GET" else ""
    return error_page(request, 404, sentence, way=way)
