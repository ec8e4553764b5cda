"""What a host of workers answers, which serves no pages: its numbers, whatever the path."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.handlers.wsgi import WSGIRequest
from django.http import Http404
from prometheus_client import CONTENT_TYPE_LATEST

from imsconsole.watch.access import require_watcher
from imsconsole.watch.exposition import of_host, text_of


def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """A WSGI application for `IMS_METRICS_PORT`."""
    status, body = HTTPStatus.OK, b""
    try:
        require_watcher(WSGIRequest(environ))
        body = text_of(of_host())
    except PermissionDenied:
        status = HTTPStatus.FORBIDDEN
    except Http404:
        status = HTTPStatus.NOT_FOUND
    headers = [("Content-Type", CONTENT_TYPE_LATEST), ("Content-Length", str(len(body)))]
    start_response(f"{status.value} {status.phrase}", headers)
    return [body]
