"""Where browsers find the bridge, and which pages may come to it."""

from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.http.request import validate_host
from django.utils.http import is_same_domain

LOG_PATH = "/console.txt"


def screen_url(request: HttpRequest, server_id: UUID) -> str:
    """The address of a server's screen for the browser that asks: `ws://host:port/<server>`.

    By default the console's own host at IMS_SCREEN_PORT; IMS_SCREEN_URL is a path behind the console's
    own proxy (`/screens/`) or a whole address (`wss://…`) of the same host, whose cookies the bridge reads.
    """
    scheme, base = "wss" if request.is_secure() else "ws", settings.IMS_SCREEN_URL
    if not base:
        host = urlsplit(f"//{request.get_host()}").hostname or "localhost"
        host = f"[{host}]" if ":" in host else host
        base = f"{scheme}://{host}:{settings.IMS_SCREEN_PORT}"
    elif base.startswith("/"):
        base = f"{scheme}://{request.get_host()}{base}"
    return f"{base.rstrip('/')}/{server_id}"


def log_url(request: HttpRequest, server_id: UUID, token: str) -> str:
    """Where the bridge has the whole console log, once for its token."""
    return f"http{screen_url(request, server_id).removeprefix('ws')}{LOG_PATH}?token={token}"


def origin_of(request: HttpRequest) -> str:
    """The console as the browser calls it. Django has compared the header with what it trusts (CSRF)."""
    return request.headers.get("Origin") or f"{request.scheme}://{request.get_host()}"


def is_trusted(origin: str) -> bool:
    """Whether a page of this origin is one of ours: IMS_TRUSTED_ORIGINS or a host of IMS_ALLOWED_HOSTS."""
    try:
        parts = urlsplit(origin)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or f"{parts.scheme}://{parts.netloc}" != origin:
        return False
    host = f"[{host}]" if ":" in host else host
    return validate_host(host, settings.ALLOWED_HOSTS) or any(
        trusted == origin or _is_below(parts.scheme, parts.netloc, trusted)
        for trusted in settings.CSRF_TRUSTED_ORIGINS
    )


def _is_below(scheme: str, netloc: str, trusted: str) -> bool:
    """Of a pattern like `https://*.example.org`."""
    pattern_scheme, _, pattern = trusted.partition("://")
    return scheme == pattern_scheme and pattern.startswith("*.") and is_same_domain(netloc, pattern[1:])
