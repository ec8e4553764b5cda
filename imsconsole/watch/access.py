"""Who may see the numbers: they name no tenant, but tell how much all of them do."""

from ipaddress import ip_address

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.utils.crypto import constant_time_compare


def require_watcher(request: HttpRequest) -> None:
    """Raises Http404 where nobody may see them, PermissionDenied when who asks may not."""
    if not (settings.IMS_METRICS_TOKEN or settings.IMS_METRICS_ADDRESSES):
        raise Http404
    if not (_shows_token(request) or _is_known(request)):
        raise PermissionDenied


def _shows_token(request: HttpRequest) -> bool:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    known = settings.IMS_METRICS_TOKEN
    return bool(known) and kind.lower() == "bearer" and constant_time_compare(token.strip(), known)


def _is_known(request: HttpRequest) -> bool:
    """By the address of who asks, which of a trusted proxy's requests is the one that it names (`core.proxies`)."""
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in settings.IMS_METRICS_ADDRESSES)
