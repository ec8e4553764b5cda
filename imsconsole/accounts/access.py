"""The first line of every view: how it may be asked, who is there, and in which project."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import User

P = ParamSpec("P")
SAFE = ("GET", "HEAD", "OPTIONS")


class ActorRequest(HttpRequest):
    """A request whose user is signed in and acts in a project."""

    user: User
    actor: Actor
    htmx: HtmxDetails


class UserRequest(HttpRequest):
    """A request whose user is signed in; in a project or not."""

    user: User
    actor: Actor | None
    htmx: HtmxDetails


@dataclass(frozen=True)
class ViewKind:
    """The one decorator of a view: by which methods it is asked (by others: 405), by whom, may its answer be kept.

    `@form_view` alone is for people in a project: others go to sign in first, or read that they are in none (403).
    """

    methods: tuple[str, ...]
    is_kept: bool = True

    @property
    def never_cached(self) -> "ViewKind":
        """No browser keeps the answer: it holds a secret, or what was so only at that moment."""
        return replace(self, is_kept=False)

    def __call__(
        self, view: Callable[Concatenate[ActorRequest, P], HttpResponseBase]
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @self.for_person
        @wraps(view)
        def check(request: UserRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if getattr(request, "actor", None) is None:
                return render(request, "accounts/no_project.html", status=403)
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
            return view(cast(UserRequest, request), *args, **kwargs)

        return check

    def for_anyone(
        self, view: Callable[Concatenate[HttpRequest, P], HttpResponseBase]
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        """Signed in or not."""
        checked = require_http_methods(self.methods)(view)
        checked = checked if self.is_kept else never_cache(checked)
        vars(checked)["kind"] = self
        return checked


page_view = ViewKind(("GET", "HEAD"))
form_view = ViewKind(("GET", "HEAD", "POST"))
post_view = ViewKind(("POST",))


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page, and back afterwards. htmx is sent there as a whole page, with the page it was on."""
    htmx = getattr(request, "htmx", None)
    if htmx:
        back = htmx.current_url_abs_path or "/"
        return HttpResponseClientRedirect(redirect_to_login(back, reverse("account_login")).url)
    back = request.get_full_path() if request.method in SAFE else "/"
    return redirect_to_login(back, reverse("account_login"))
