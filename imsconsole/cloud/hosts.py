"""What a region's host can do and how much memory is left there: asked by the clock, read once per page, used by every rule."""

from dataclasses import dataclass

from django.db.models import OuterRef, Subquery, Sum

from imsconsole.accounts.models import Region
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import RegionReport, Server
from imsconsole.core.errors import ImsError
from imsconsole.core.now import now
from imsconsole.core.sentences import lasting_values
from imsconsole.engine.types import Capabilities, Space

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
    """The capabilities of a region's engine, the memory (MB) that no guest holds, and the space, where that is known."""

    capabilities: Capabilities
    free_memory_mb: int
    space: Space | None = None


def host_of(region: Region | str) -> Host:
    """The host of a region (or of its code), as it was when it answered last: one query. Regions of one engine share one."""
    code = region if isinstance(region, str) else region.code
    there = Server.objects.existing().filter(project__region__engine=OuterRef("region__engine"))
    used = there.filter(status__in=IN_MEMORY).order_by().values("project__region__engine")
    used_mb = Subquery(used.annotate(total=Sum("flavor__memory_mb")).values("total"))
    report = RegionReport.objects.filter(pk=code).annotate(used_mb=used_mb).first()
    if report is None:
        return Host(Capabilities(), 0)
    capabilities = report.capabilities
    return Host(capabilities, max(0, capabilities.memory_mb - (report.used_mb or 0)), report.space)


def ask_hosts() -> None:
    """Ask every region's engine what it can do and what room it has. No page does."""
    for region in Region.objects.all():
        ask_host(region)


def ask_host(region: Region) -> None:
    """Write what it answers, or why it does not: then what it said before stays."""
    report, _is_new = RegionReport.objects.get_or_create(region=region)
    try:
        engine = engine_for(region)
        report.capabilities, report.space = engine.capabilities(), engine.free_space()
        report.answered_at, report.error_code, report.error_values = now(), "", {}
    except ImsError as error:
        report.error_code, report.error_values = error.code, lasting_values(error)
    report.save()
