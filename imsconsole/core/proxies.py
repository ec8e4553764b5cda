"""Where a request comes from: the connection's other end or, when that is a proxy of ours, whom the proxy names."""

from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Network = IPv4Network | IPv6Network
FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST")
REQUEST_ID = "HTTP_X_REQUEST_ID"
PROXIED = "ims.proxied"  # in META, where no header of anybody is: a trusted proxy passed the request on


def client_address(peer: str, forwarded_for: str, trusted: Sequence[Network]) -> str:
    """Who asks: `peer`, or the right-most hop of X-Forwarded-For that is no trusted proxy. What is left of that hop anybody may have written.

    A hop that is no address ends the walk: the proxy that named it is who asks, then.
    """
    found = peer
    for hop in reversed(forwarded_for.split(",")):
        named = _address(hop)
        if named is None or not is_trusted(found, trusted):
            break
        found = str(named)
    return found


def is_trusted(address: str, trusted: Sequence[Network]) -> bool:
    """Whether it is a proxy whose words about a request count."""
    known = _address(address)
    return known is not None and any(known in network for network in trusted)


def household_of(address: str) -> str:
    """What counts as one sender: an IPv4 address, the /64 of an IPv6 one, as everybody has 2^64 of those."""
    known = _address(address)
    if isinstance(known, IPv6Address):
        return str(ip_network((known, 64), strict=False).network_address)
    return str(known or "")


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Also with a port, as some proxies write it, and an IPv4 address in the clothes of IPv6."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


class TrustedProxyMiddleware:
    """Puts the client's address, scheme and host where a server without a proxy has them, so that all others ask for those.

    Forwarded headers, and the ID of a request, of anybody but a trusted proxy are thrown away.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        told = {name: str(request.META.pop(name, "")) for name in (*FORWARDED, REQUEST_ID)}
        peer, trusted = str(request.META.get("REMOTE_ADDR", "")), settings.IMS_TRUSTED_PROXIES
        if is_trusted(peer, trusted):
            request.META["REMOTE_ADDR"] = client_address(peer, told["HTTP_X_FORWARDED_FOR"], trusted)
            if (scheme := _last(told["HTTP_X_FORWARDED_PROTO"])) in ("http", "https"):
                request.META["wsgi.url_scheme"] = scheme
            if host := _last(told["HTTP_X_FORWARDED_HOST"]):
                request.META["HTTP_HOST"] = host
            request.META[REQUEST_ID] = told[REQUEST_ID]
            request.META[PROXIED] = True
        return self.get_response(request)


def _last(values: str) -> str:
    """What the nearest proxy said."""
    return values.rpartition(",")[2].strip()
