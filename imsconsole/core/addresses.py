"""Which network addresses a download may reach: public ones, written the usual way."""

import ipaddress
import re
import socket

from imsconsole.core.errors import ImsError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9_.-]*[a-z0-9])?")
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")  # RFC 4291; the rest holds IPv4 in disguise and NAT64
# inside of it: special purposes with Teredo (RFC 2928), 6to4 (RFC 3056)
DISGUISES = (ipaddress.ip_network("2001::/23"), ipaddress.ip_network("2002::/16"))


class AddressRefused(ImsError):
    """A download may not go there. The code says why."""

    http_status = 422
    default_code = "download-address"


def is_public(address: Address) -> bool:
    """Whether anybody on the Internet can be meant: neither this host, nor its networks, nor a group."""
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return True
    return address in GLOBAL_UNICAST and not any(address in network for network in DISGUISES)


def resolve(host: str, port: int, allowed_hosts: frozenset[str]) -> list[str]:
    """Ask once which addresses a host has; all must be public unless the host is allowed.

    `host` is a lower-case name or an address without brackets. Raises AddressRefused.
    """
    refuse_address(host, allowed_hosts)
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressRefused("download-host-unknown", host=host) from error
    addresses = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
    for address in addresses:
        _refuse_near(host, ipaddress.ip_address(address), allowed_hosts)
    return addresses


def refuse_address(host: str, allowed_hosts: frozenset[str]) -> None:
    """2130706433, 0x7f.1 and 0177.0.0.1 are addresses, too, for those who do not look closely. Raises AddressRefused."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if not HOST_NAME.fullmatch(host) or _is_number(host):
            raise AddressRefused("download-address-odd", host=host) from None
    else:
        _refuse_near(host, address, allowed_hosts)


def _refuse_near(host: str, address: Address, allowed_hosts: frozenset[str]) -> None:
    if host not in allowed_hosts and not is_public(address):
        raise AddressRefused(host=host, address=str(address))


def _is_number(host: str) -> bool:
    try:
        socket.inet_aton(host)
    except OSError:
        return False
    return True
