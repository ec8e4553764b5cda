"""Which flavors can a server have instead of its own? The server first, then the flavor, then the whole order."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from images.launch.fit import fits
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.hosts import Host, host_of
from imsconsole.cloud.models import Flavor, Server
from imsconsole.cloud.servers.rules import can_resize, can_run_guests, fits_memory
from imsconsole.cloud.system_disk.rules import is_stopped_first
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.jobs.quotas import fits_quota


def more_of(server: Server, flavor: Flavor) -> dict[str, int]:
    """What the server takes more of the quotas with that flavor; of what gets less, nothing."""
    more = {
        "vcpus": flavor.vcpus - server.flavor.vcpus,
        "memory_mb": flavor.memory_mb - server.flavor.memory_mb,
    }
    return {resource: amount for resource, amount in more.items() if amount > 0}


def can_have(
    server: Server, flavor: Flavor, actor: Actor, host: Host, used: Mapping[str, int] | None = None
) -> Verdict:
    """Whether the flavor is offered, another one, and fits: its image as at a launch (R99, R108), the quota, the host.

    Load `server.image.os_version`. `used` is what is used of the quotas, when it was counted already.
    """
    return (
        _is_another(server, flavor)
        and fits(server.image, flavor, host.capabilities)
        and fits_quota(actor.project, more_of(server, flavor), used)
        and _fits_its_start(server, flavor, host)
    )


def can_order_resize(
    server: Server, flavor: Flavor, actor: Actor, *, stop_first: bool = False, host: Host | None = None
) -> Verdict:
    """The whole order. Hard only after `lock_project` and with the rows of server and region locked."""
    host = host or host_of(actor.region)
    return (
        can_resize(server, actor, host)
        and is_stopped_first(server, stop_first=stop_first)
        and can_have(server, flavor, actor, host)
    )


def _is_another(server: Server, flavor: Flavor) -> Verdict:
    if flavor.pk == server.flavor_id:
        return refuse("same-flavor", _("The server has this flavor. Choose another one."))
    if flavor.hidden:
        return refuse("flavor-hidden", _("This flavor is not offered any more. Choose another one."))
    return ALLOWED


def _fits_its_start(server: Server, flavor: Flavor, host: Host) -> Verdict:
    """One that runs is started again, and has its memory already."""
    if server.status != Server.Status.RUNNING or not can_run_guests(host.capabilities):
        return ALLOWED
    return fits_memory(flavor.memory_mb - server.flavor.memory_mb, host)
