"""An expected error becomes a page, or a toast for htmx; an unexpected one gets a reference."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from imsconsole.core.errors import ImsError
from imsconsole.core.htmx import wants_fragment
from imsconsole.core.requests import id_of
from imsconsole.core.sentences import sentence_of

logger = logging.getLogger("imsconsole")

TITLES = {
    400: _("That could not be read"),
    403: _("Not allowed"),
    404: _("Not found"),
    405: _("Not possible this way"),
    408: _("Too slow"),
    409: _("Not possible now"),
    413: _("Too large"),
    422: _("Not accepted"),
    429: _("Too many requests"),
    503: _("Not available right now"),
    507: _("No space left"),
}
BARE_SENTENCES = {
    405: _("This address does not take such a request. Go back and use the page's own buttons."),
    413: _("What was sent is larger than the service accepts. Send less at once."),
    429: _("There were too many requests from you in a short time. Wait a minute and try again."),
}


class GzipPagesMiddleware(GZipMiddleware):
    """Compresses pages and fragments. What streams (CSV, bytes of images) goes as it is, with its length."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.streaming or not response.get("Content-Type", "").startswith("text/html"):
            return response
        return super().process_response(request, response)


class HeadMiddleware:
    """HEAD is answered with the headers of a GET; what streams is not even made."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.method != "HEAD":
            return response
        if isinstance(response, StreamingHttpResponse):
            response.streaming_content = ()
        elif isinstance(response, HttpResponse):
            response.headers.setdefault("Content-Length", str(len(response.content)))
            response.content = b""
        return response


class NoStoreMiddleware:
    """No browser and no proxy keeps what it is answered: after somebody signed out, *Back* shows nothing. Static files keep theirs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response["Cache-Control"] = "no-store"
        return response


class SentenceMiddleware:
    """Answers an `ImsError` with its sentence and status; gives a body to answers that have none (405)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code not in BARE_SENTENCES or response.streaming or response.content:
            return response
        page = error_page(request, response.status_code, str(BARE_SENTENCES[response.status_code]))
        for name, value in response.items():
            page.headers.setdefault(name, value)
        return page

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, ImsError):
            return None
        return error_page(request, exception.http_status, sentence_of(exception), error=exception)


def error_page(
    request: HttpRequest, status: int, sentence: str = "", error: ImsError | None = None, way: str = ""
) -> HttpResponse:
    """A page with a sentence, a way on and a reference; only a toast when htmx asks.

    `way` is the address where the thing is instead.
    """
    context = _context(request, status, sentence, error) | {"way": way}
    htmx: Any = getattr(request, "htmx", None)
    # a form that htmx has sent stays as it was filled in
    toast = wants_fragment(request) or (bool(htmx) and request.method == "POST")
    response = render(
        request, "components/_error_toast.html" if toast else "error.html", context, status=status
    )
    if toast:
        _as_toast(response)
    response.ims_error = error  # type: ignore[attr-defined]
    return response


def bare_error_page(request: HttpRequest, status: int, sentence: str) -> HttpResponse:
    """As `error_page`, but asks neither the session nor the database: for when these are what failed."""
    context = _context(request, status, sentence, None) | {"frame": "base_public.html"}
    if not wants_fragment(request):
        return HttpResponse(render_to_string("error.html", context), status=status)
    response = HttpResponse(render_to_string("components/_error_toast.html", context), status=status)
    return _as_toast(response)


def _as_toast(response: HttpResponse) -> HttpResponse:
    """Among the other notices, whatever the request meant to change."""
    response["HX-Retarget"], response["HX-Reswap"], response["HX-Reselect"] = (
        "#toasts",
        "beforeend",
        ".notice",
    )
    return response


def _context(request: HttpRequest, status: int, sentence: str, error: ImsError | None) -> dict[str, object]:
    reference = id_of(request)
    if status >= 500:
        logger.error(
            "Request %s %s was answered with %s, reference %s: %s",
            request.method, request.path, status, reference, error or HTTPStatus(status).phrase,
        )  # fmt: skip
    again = request.method == "GET" and status in (429, 500, 503, 507)
    return {
        "frame": "base.html" if getattr(request, "actor", None) else "base_public.html",
        "status": status,
        "title": TITLES.get(status, _("Something went wrong")),
        "sentence": sentence,
        "reference": reference,
        "retry": request.get_full_path() if again else "",
    }
