"""What a region's host can do and how much memory is left there: asked by the clock, read once per page, used by every rule."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from django.conf import settings
from django.db.models import OuterRef, Subquery, Sum
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.models import Region
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import AccountCloud, RegionReport, Server
from imsconsole.core.bounded import Asking
from imsconsole.core.errors import ImsError
from imsconsole.core.now import now
from imsconsole.core.rules import ALLOWED, Verdict
from imsconsole.core.sentences import lasting_values, refuse_as
from imsconsole.engine.api import Engine
from imsconsole.engine.types import Capabilities, Space

T = TypeVar("T")

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

# by what an engine lacks: the sentence that says so, on pages and when it is asked for all the same
LACKING = {
    "formats": "no-formats",
    "encryption": "no-encryption",
    "screen": "no-screen",
    "serial": "no-serial-console",
    "resize": "no-resize",
    "tray": "no-trays",
    "grow_in_use": "no-grow-in-use",
    "seeds": "no-seeds",
    "instant_copy": "no-instant-copy",
    "resumable_transfer": "no-resumable-transfer",
    "byte_progress": "no-byte-progress",
    "stop_grace": "no-stop-grace",
}

# what pages say of how guests run here
ACCELERATORS = {
    "kvm": _("Servers run with KVM."),
    "tcg": _(
        "Servers run by emulation (TCG), which is much slower: KVM is not there, does not work, or is switched off."
    ),
    "cloud": _("Servers run as the region's cloud lets them."),
}

ISOLATION = {
    True: _("Each server and each conversion of a disk runs as a system user of its own."),
    False: _(
        "The service does not run as root, so all servers and conversions run as the one user that it is itself: what breaks "
        "out of one of them reaches all others, and the console's own data."
    ),
}


@dataclass(frozen=True)
class Host:
    """The capabilities of a region's engine, the memory (MB) that no guest holds, and the space; None where nobody tells."""

    capabilities: Capabilities
    free_memory_mb: int | None
    space: Space | None = None

    def less(self, memory_mb: int) -> "Host":
        """When another guest has so much."""
        left = None if self.free_memory_mb is None else self.free_memory_mb - memory_mb
        return replace(self, free_memory_mb=left)


def host_of(region: Region | str) -> Host:
    """The host of a region (or of its code), as it was when it answered last: one query. Regions of one engine share one."""
    code = region if isinstance(region, str) else region.code
    there = Server.objects.existing().filter(project__region__engine=OuterRef("region__engine"))
    used = there.filter(status__in=IN_MEMORY).order_by().values("project__region__engine")
    used_mb = Subquery(used.annotate(total=Sum("flavor__memory_mb")).values("total"))
    report = RegionReport.objects.filter(pk=code).annotate(used_mb=used_mb).first()
    if report is None:
        return Host(Capabilities(), 0)
    able = report.capabilities
    free_mb = max(0, able.memory_mb - (report.used_mb or 0)) if able.memory_mb else None
    return Host(able, free_mb, report.space)


def capabilities_of(region: Region | str) -> Capabilities:
    """What the engine of a region (or of its code) said last that it can do; with the actor's region it is at hand."""
    if isinstance(region, str):
        report = RegionReport.objects.filter(pk=region).first()
    else:
        report = getattr(region, "report", None)
    return report.capabilities if report else Capabilities()


def is_able(ability: str, where: Host | Region | str) -> Verdict:
    """Whether an engine has one of the capabilities that may be lacking."""
    capabilities = where.capabilities if isinstance(where, Host) else capabilities_of(where)
    return ALLOWED if getattr(capabilities, ability) else refuse_as(LACKING[ability])


Said = tuple[Capabilities, Space | None]
_ABILITIES: Asking[tuple[str, str]] = Asking()


def ask_hosts() -> None:
    """Ask every region's engine what it can do and what room it has, all at once, and so the cloud projects of accounts. No page does."""
    regions = {region.code: region for region in Region.objects.all()}
    places = {(code, "") for code in regions} | set(AccountCloud.objects.values_list("region", "cloud"))
    asked = {(code, cloud): asking(regions[code], _abilities, cloud) for code, cloud in places}
    for (code, cloud), said in _ABILITIES.answers(asked, settings.IMS_CLOUD_TIMEOUT_S).items():
        if cloud:
            _note_cloud(code, cloud, said)
        else:
            _note(regions[code], said)


def ask_host(region: Region) -> None:
    """Write what it answers, or why it does not: then what it said before stays."""
    _note(region, _said(region))


def ask_account_clouds(region: Region) -> None:
    """The same of the cloud projects of accounts there."""
    for cloud in AccountCloud.objects.names_in(region):
        _note_cloud(region.code, cloud, _said(region, cloud))


def _said(region: Region, cloud: str = "") -> "Said | ImsError":
    try:
        return asking(region, _abilities, cloud)()
    except ImsError as error:
        return error


def _abilities(engine: Engine) -> Said:
    return engine.capabilities(), engine.free_space()


def asking(region: Region | str, question: Callable[[Engine], T], cloud: str = "") -> Callable[[], T]:
    """The question to a region's engine (`cloud` as of `engine_for`), for a thread that asks no database (`core.bounded`)."""
    try:
        return partial(question, engine_for(region, cloud))
    except ImsError as error:
        return partial(_raise, error)


def _raise(error: ImsError) -> Any:
    raise error


def _note(region: Region, said: Said | ImsError) -> None:
    report, _is_new = RegionReport.objects.get_or_create(region=region)
    if isinstance(said, ImsError):
        report.error_code, report.error_values = said.code, lasting_values(said)
    else:
        report.capabilities, report.space = said
        report.answered_at, report.error_code, report.error_values = now(), "", {}
    report.save()


def _note_cloud(code: str, cloud: str, said: Said | ImsError) -> None:
    """Of the cloud projects of accounts: whether they answer. What can be done there the region says."""
    if isinstance(said, ImsError):
        noted: dict[str, Any] = {"error_code": said.code, "error_values": lasting_values(said)}
    else:
        noted = {"error_code": "", "error_values": {}, "answered_at": now()}
    AccountCloud.objects.filter(region=code, cloud=cloud).update(**noted)


def answering(codes: Iterable[str]) -> list[str]:
    """Those of these regions that answered when they were asked last, or were not asked yet: the clock goes to no other."""
    silent = set(RegionReport.objects.silent().values_list("pk", flat=True))
    return [code for code in codes if code not in silent]
