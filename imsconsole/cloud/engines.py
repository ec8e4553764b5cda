"""The engine of a region, and what is only looked at there."""

import functools
import json
from collections.abc import Callable
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from imsconsole.accounts.models import OPENSTACK, Project, Region
from imsconsole.cloud.metrics import counted_engine
from imsconsole.cloud.models import AccountCloud, Server
from imsconsole.core.errors import Unavailable
from imsconsole.core.room import PROMISES, Room
from imsconsole.engine.api import Engine, Shared
from imsconsole.engine.local.engine import LocalEngine
from imsconsole.engine.types import Endpoint, ServerState

OF_CLOUD = (
    "cloud",
    "mark",
    "volume_type",
    "network",
    "flavor_names",
    "zone_names",
    "grows_in_use",
    "runs_x86",
    "runs_arm",
    "boots_bios",
    "boots_uefi",
    "has_screens",
    "has_serial",
)


_NAMED: dict[str, str] = {}  # the engines of regions, by their codes


def engine_for(region: Region | str, cloud: str = "") -> Engine:
    """The engine that holds the bytes of a region (or of its code), and the machines of accounts without a `cloud` there.

    With a `cloud` machines and disks are those of the project that clouds.yaml calls so; what is stored is the region's all the same.
    """
    engine = _made(engine_name_of(region), region if isinstance(region, str) else region.code)
    return cast(Shared, engine).at(cloud) if cloud else engine


def engine_in(project: Project) -> Engine:
    """The engine that holds the machines and disks of a project."""
    return engine_for(project.region_id, cloud_in(project))


def cloud_in(project: Project) -> str:
    """Which cloud project the machines and disks of a project are in, by its name; empty: the region's, or it has none."""
    on_cloud = engine_name_of(project.region_id) == OPENSTACK
    return AccountCloud.objects.name_for(project) if on_cloud else ""


def engine_name_of(region: Region | str) -> str:
    """Which of `settings.ENGINES` a region (or its code) has: for ever, but that one on a cloud may be left."""
    return _named(region) if isinstance(region, str) else region.engine


def _made(name: str, code: str) -> Engine:
    return _kept(name, code, cloud_of(code) if name == OPENSTACK else "")


@functools.lru_cache(maxsize=256)
def _kept(name: str, code: str, _said: str) -> Engine:
    """One for a region and process, made anew when the row says something else. Raises Unavailable."""
    try:
        maker: Callable[[str], Engine] = import_string(settings.ENGINES[name])
    except ImportError as error:
        raise Unavailable("engine-not-installed", engine=name, detail=str(error)) from error
    return counted_engine(maker(code), name)


def _named(code: str) -> str:
    if code in _NAMED:
        return _NAMED[code]
    name = Region.objects.values_list("engine", flat=True).get(pk=code)
    if name != OPENSTACK:
        _NAMED[code] = name
    return name


def forget_engines() -> None:
    """Make all engines anew, as the settings and the rows of regions are now."""
    _kept.cache_clear()
    _NAMED.clear()


def cloud_of(code: str) -> str:
    """What a region's row says of its cloud."""
    return json.dumps(Region.objects.values(*OF_CLOUD).get(pk=code), sort_keys=True)


def local_engine(code: str) -> LocalEngine:
    return LocalEngine(
        settings.DATA_DIR / "regions" / code,
        network=settings.IMS_GUEST_NETWORK,
        reached=settings.IMS_GUEST_REACHES,
        memory_mb=settings.IMS_GUEST_MEMORY_MB,
        guest_user=settings.IMS_GUEST_USER,
        guest_uids=settings.IMS_GUEST_UIDS,
        accelerator=settings.IMS_ACCELERATOR,
    )


def promised_room() -> Room:
    """The room on this host's disks, but for what running work has been promised."""
    return Room(settings.DATA_DIR / "regions" / PROMISES)


def engine_of(server: Server) -> Engine:
    """The engine that holds a server."""
    return engine_in(server.project)


def state_of(server: Server) -> ServerState:
    """What the server is doing now. Raises Unavailable when that cannot be told."""
    if found := engine_of(server).states([server.ref]).get(server.ref):
        return found
    raise Unavailable("state-unknown")


def screen_of(server: Server) -> bytes:
    """A PNG of the server's screen. Raises Conflict when it is not running, Unavailable when it does not answer."""
    return engine_of(server).screen(server.ref)


def console_of(server: Server, *, limit_bytes: int = 65536, joined: bool = False) -> str:
    """The end of what the guest wrote to its serial console; empty before there is a machine."""
    if not server.ref:
        return ""
    return engine_of(server).console_log(server.ref, limit_bytes=limit_bytes, joined=joined)


def endpoint_of(server: Server) -> Endpoint:
    """What is behind the server's screen and keyboard. Raises Conflict when it is not running."""
    return engine_of(server).console_endpoint(server.ref)


def serial_endpoint_of(server: Server) -> Endpoint:
    """What is behind its serial console. Raises Conflict besides when it was started without one."""
    return engine_of(server).serial_endpoint(server.ref)
