"""The first line of every page: who is there, and in which project."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
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


def signed_in(
    view: Callable[Concatenate[ActorRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Only for people in a project: others go to sign in first, or read that they are in none (403)."""

    @wraps(view)
    def check(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        if getattr(request, "actor", None) is None:
            return render(request, "accounts/no_project.html", status=403)
        return view(cast(ActorRequest, request), *args, **kwargs)

    return check


def person_only(
    view: Callable[Concatenate[UserRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Only for people who are signed in, even without a project: their own settings."""

    @wraps(view)
    def check(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        return view(cast(UserRequest, request), *args, **kwargs)

    return check


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page, and back afterwards. htmx is sent there as a whole page, with the page it was on."""
    htmx = getattr(request, "htmx", None)
    if htmx:
        back = htmx.current_url_abs_path or "/"
        return HttpResponseClientRedirect(redirect_to_login(back, reverse("account_login")).url)
    back = request.get_full_path() if request.method in SAFE else "/"
    return redirect_to_login(back, reverse("account_login"))
