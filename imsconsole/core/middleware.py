"""An expected error becomes a page, or a toast for htmx; an unexpected one gets a reference."""

import logging
import secrets
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from imsconsole.core.errors import ImsError
from imsconsole.core.htmx import wants_fragment
from imsconsole.core.sentences import sentence_of

logger = logging.getLogger("imsconsole")


class SentenceMiddleware:
    """Answers an `ImsError` with its sentence and status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, ImsError):
            return None
        return error_page(request, exception.http_status, sentence_of(exception), error=exception)


def error_page(
    request: HttpRequest, status: int, sentence: str = "", error: ImsError | None = None
) -> HttpResponse:
    """A page with a sentence, a way on and a reference; only a toast when htmx asks."""
    reference = secrets.token_hex(4)
    if status >= 500:
        logger.error("reference %s: %s %s → %s", reference, request.method, request.path, error or status)
    context = {"status": status, "sentence": sentence, "reference": reference}
    toast = wants_fragment(request)
    response = render(
        request, "components/_error_toast.html" if toast else "error.html", context, status=status
    )
    if toast:
        response["HX-Retarget"], response["HX-Reswap"] = "#toasts", "beforeend"
    response.ims_error = error  # type: ignore[attr-defined]
    return response
