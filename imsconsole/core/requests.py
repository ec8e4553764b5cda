"""Each request has an ID, is counted, and leaves a line in the log when it was answered."""

import logging
import re
import secrets
import time
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from imsconsole.core.counting import count, measure
from imsconsole.core.logs import from_now_on_about
from imsconsole.core.metrics import REQUEST_SECONDS, RESPONSES

logger = logging.getLogger(__name__)
HEADER = "X-Request-ID"
NAMED = re.compile(r"[A-Za-z0-9_-]{8,64}")
ASKED_BY_MACHINES = {"metrics", "metrics-here", "healthz", "healthz-live", "healthz-ready"}


class RequestMiddleware:
    """Gives the request an ID, that of a trusted proxy if it sends one (`core.proxies`), and answers with it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        named = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = named if NAMED.fullmatch(named) else secrets.token_hex(6)
        request.id = request_id  # type: ignore[attr-defined]
        began = time.perf_counter()
        from_now_on_about(request_id=request_id)
        response = self.get_response(request)
        _tell(request, response, time.perf_counter() - began)
        response[HEADER] = request_id
        return response


def _tell(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    """The view's name says which page it was: an address may hold a secret, or what somebody typed."""
    match = request.resolver_match
    view = (match.view_name if match else "") or "none"
    measure(REQUEST_SECONDS, view, seconds=seconds)
    count(RESPONSES, view, f"{response.status_code // 100}xx")
    level = logging.DEBUG if view in ASKED_BY_MACHINES else logging.INFO
    told = {"view": view, "status": response.status_code, "seconds": round(seconds, 4)}
    logger.log(
        level, "%s %s was answered with %s in %.0f ms",
        request.method, view, response.status_code, 1000 * seconds, extra=told,
    )  # fmt: skip


def id_of(request: HttpRequest) -> str:
    """What its lines in the log have, and an error's page shows."""
    return getattr(request, "id", "") or secrets.token_hex(6)
