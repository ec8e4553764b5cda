"""Private addresses and MACs: given once, kept for a server's life."""

import ipaddress
import secrets
from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.models import Project
from imsconsole.cloud.models import Server
from imsconsole.core.rules import Refused, refuse

NETWORK = ipaddress.ip_network("192.168.0.0/16")


def free_addresses(project: Project) -> Iterator[str]:
    """The project's free private addresses, lowest first; .0, .1 and .255 of each /24 are left out.

    The caller locks the project's row. Raises Refused when none is left.
    """
    used = set(Server.objects.existing().filter(project=project).values_list("private_ip", flat=True))
    for address in NETWORK:
        if address.packed[3] not in (0, 1, 255) and str(address) not in used:
            yield str(address)
    raise Refused(refuse("no-free-address", _("No private address is left. Delete servers first.")))


def free_macs() -> Iterator[str]:
    """Random MACs that no server has, in the range that OpenStack's clouds use."""
    used = set(Server.objects.existing().values_list("mac", flat=True))
    while True:
        mac = "fa:16:3e:" + ":".join(f"{byte:02x}" for byte in secrets.token_bytes(3))
        if mac not in used:
            used.add(mac)
            yield mac
