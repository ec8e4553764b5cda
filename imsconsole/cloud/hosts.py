"""What a region's host can do and how much memory is left there: asked once per page, used by every rule."""

from dataclasses import dataclass

from django.db.models import Sum

from imsconsole.accounts.models import Region
from imsconsole.cloud.engines import engine_for, engine_name_of
from imsconsole.cloud.models import Server
from imsconsole.engine.types import Capabilities

# states in which a guest has, or is about to have, its memory
IN_MEMORY = (
    Server.Status.CREATING,
    Server.Status.STARTING,
    Server.Status.RUNNING,
    Server.Status.REBOOTING,
    Server.Status.STOPPING,
    Server.Status.CHANGING_OS,
    Server.Status.REINSTALLING,
    Server.Status.RESTORING,
    Server.Status.RESIZING,
)


@dataclass(frozen=True)
class Host:
    """The capabilities of a region's engine, and the memory (MB) that no guest holds."""

    capabilities: Capabilities
    free_memory_mb: int


def host_of(region: Region | str) -> Host:
    """The host of a region (or of its code): one query, no engine verb that waits. Regions of one engine share one."""
    capabilities = engine_for(region).capabilities()
    there = Server.objects.existing().filter(project__region__engine=engine_name_of(region))
    used = there.filter(status__in=IN_MEMORY)
    used_mb = used.aggregate(total=Sum("flavor__memory_mb"))["total"] or 0
    return Host(capabilities, max(0, capabilities.memory_mb - used_mb))


def ask_hosts() -> None:
    """Find out what nobody knows yet of the hosts, so that no page and no guest waits for it."""
    for region in Region.objects.all():
        engine_for(region).capabilities(ask=True)
