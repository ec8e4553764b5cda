"""The first line of every view: how it may be asked, who is there, and in which project."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.lost_forms import keep_lost
from imsconsole.accounts.models import User
from imsconsole.accounts.places import project_of
from imsconsole.core.errors import ImsError, NotFound
from imsconsole.core.project_urls import bare_url, in_project

P = ParamSpec("P")
SAFE = ("GET", "HEAD", "OPTIONS")


class UserRequest(HttpRequest):
    """A request whose user is signed in; in a project or not."""

    user: User
    actor: Actor | None
    names_project: bool
    htmx: HtmxDetails


class ActorRequest(UserRequest):
    """A request whose user is signed in and acts in the project of its address."""

    actor: Actor


class NotInProject(NotFound):
    """There is no such project, or the reader is no member of it."""

    default_code = "not-in-project"


class NamesNoProject(ImsError):
    """Something was to be changed at an address that names no project: in which is never guessed."""

    http_status = 409
    default_code = "names-no-project"


@dataclass(frozen=True)
class ViewKind:
    """The one decorator of a view: by which methods it is asked (by others: 405), by whom.

    `file_bytes`: of the files that its form takes; None: any, which the view reads by itself (`core.form_bodies`).

    `@form_view` alone is for people in a project: others go to sign in first, or read that they are in none (403).
    An address that names no project leads to where its thing is; what would change something is refused there.
    """

    methods: tuple[str, ...]
    file_bytes: int | None = 0

    def with_files(self, most_bytes: int | None = None) -> "ViewKind":
        """Its form takes files. Without a limit the view streams them."""
        return replace(self, file_bytes=most_bytes)

    def __call__(
        self, view: Callable[Concatenate[ActorRequest, P], HttpResponseBase]
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @self.for_person
        @wraps(view)
        def check(request: UserRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if request.actor is None:
                return render(request, "accounts/no_project.html", status=403)
            if not request.names_project:
                raise NamesNoProject
            return view(cast(ActorRequest, request), *args, **kwargs)

        return check

    def for_person(
        self, view: Callable[Concatenate[UserRequest, P], HttpResponseBase]
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        """For whoever is signed in, even without a project: their own settings."""

        @self.for_anyone
        @wraps(view)
        def check(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _to_sign_in(request)
            person = cast(UserRequest, request)
            if person.names_project and person.actor is None:
                raise NotInProject
            if person.actor and not person.names_project and request.method in SAFE:
                project = project_of(request.resolver_match, person.actor)
                return redirect(in_project(project.pk, request.get_full_path()))
            return view(person, *args, **kwargs)

        return check

    def for_anyone(
        self, view: Callable[Concatenate[HttpRequest, P], HttpResponseBase]
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        """Signed in or not."""
        checked = require_http_methods(self.methods)(view)
        vars(checked)["kind"] = self
        return checked


page_view = ViewKind(("GET", "HEAD"))
form_view = ViewKind(("GET", "HEAD", "POST"))
post_view = ViewKind(("POST",))


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page, and back afterwards. htmx is sent there as a whole page, with the page it was on."""
    htmx = getattr(request, "htmx", None)
    if htmx:
        back = keep_lost(request) or htmx.current_url_abs_path or "/"
        return HttpResponseClientRedirect(redirect_to_login(back, bare_url("account_login")).url)
    if kept := keep_lost(request):
        messages.info(request, _("Sign in again. What you typed is kept, and nothing was sent yet."))
    back = kept or (request.get_full_path() if request.method in SAFE else "/")
    return redirect_to_login(back, bare_url("account_login"))
