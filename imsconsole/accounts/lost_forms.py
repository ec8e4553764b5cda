"""A form that came without its session or its CSRF token comes back filled, once its sender has signed in again.

It is never carried out by itself: its page is shown with what was typed, and one presses the button again. It is kept
(`accounts.kept_forms`) for the person that this browser last belonged to, whom a signed cookie names, and only when it came
from a page of this console: another site's is forgotten. Neither passwords nor files are kept.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _

from imsconsole.accounts.kept_forms import KEPT, KeptForm, keep_form, kept_form
from imsconsole.accounts.refill import refilled

PERSON = "person"  # the cookie
DAYS_S = 30 * 86400
GetResponse = Callable[[HttpRequest], HttpResponse]


def keep_lost(request: HttpRequest) -> str:
    """The address at which what was sent comes back, if it may be kept and its page can be shown again; else empty."""
    user = getattr(request, "user", None)
    person = str(user.pk) if user and user.is_authenticated else _person(request)
    if request.method != "POST" or not person or not _has_page(request) or not _is_from_here(request):
        return ""
    form = keep_form(request, request.get_full_path(), person=person)
    return form.url if form.data else ""


def _person(request: HttpRequest) -> str:
    return str(request.get_signed_cookie(PERSON, "", salt=PERSON))


def _has_page(request: HttpRequest) -> bool:
    """Whether the address that it was sent to shows a form, and reads no stream of a file."""
    kind = getattr(request.resolver_match and request.resolver_match.func, "kind", None)
    return kind is not None and "GET" in kind.methods and kind.file_bytes is not None


def _is_from_here(request: HttpRequest) -> bool:
    """What browsers say of the page that sent a form."""
    came_from = request.headers.get("Origin") or request.headers.get("Referer") or ""
    return urlsplit(came_from).netloc == request.get_host()


class LostFormMiddleware:
    """Shows a form that was lost to whom it is for, and lets a browser remember whose it is."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        form = _lost(request)
        if form:
            told = _(
                "Nothing was sent yet: what you had typed is here again. Look at it, then press the button once more."
            )
            files = _("Passwords and files have to be given again.")
            messages.info(request, f"{told} {files}")
        response = self.get_response(request)
        is_page = response.status_code == 200 and response.get("Content-Type", "").startswith("text/html")
        if form and is_page and not response.streaming:
            typed = QueryDict(mutable=True)
            for name, values in form.data.items():
                typed.setlist(name, values)
            response.content = refilled(response.content.decode(), typed, request.path)
        if request.user.is_authenticated and _person(request) != str(request.user.pk):
            _remember(request, response)
        return response


def _lost(request: HttpRequest) -> KeptForm | None:
    """The form that was sent to the page that is asked for, and lost."""
    if request.method != "GET" or not request.user.is_authenticated:
        return None
    form = kept_form(request, KEPT)
    return form if form and form.person and urlsplit(form.at).path == request.path else None


def _remember(request: HttpRequest, response: HttpResponse) -> None:
    response.set_signed_cookie(
        PERSON, str(request.user.pk), salt=PERSON, max_age=DAYS_S, httponly=True, samesite="Lax",
        secure=request.is_secure(),
    )  # fmt: skip
