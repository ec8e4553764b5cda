"""Change OS and undo, from the order to the started guest, against creating a server, for small and big disks."""

import itertools
from pathlib import Path

from django.conf import settings

from images.change_os.services import change_os
from images.copy.services import copy_image
from images.launch.services import create_servers
from imsconsole.accounts.actor import Actor, service_actor
from imsconsole.cloud.models import Server
from imsconsole.cloud.servers.services import delete_server
from imsconsole.cloud.system_disk.services import undo_change_os
from imsconsole.engine.types import GIB
from tests import factories
from tests.bench.figures import Figure
from tests.bench.timing import median_ms
from tests.cloud.servers.machines import bootable_image, tiny_flavor
from tests.support.workers import run_jobs

TITLE = "Servers, until they run, and copies"
SIZES_GB = (1, 10)
ORDER = {"user_data": "#!/bin/sh\n"}


def figures(base: Path) -> list[Figure]:
    """Needs a database. Guests are not given time to power off by themselves."""
    settings.IMS_STOP_TIMEOUT_S = 0
    times = {size_gb: _measured(size_gb) for size_gb in SIZES_GB}
    small, found = times[SIZES_GB[0]], []
    for size_gb, verbs in times.items():
        for verb, ms in verbs.items():
            said = f"{ms / verbs['create server']:.2f} of creating a server, {ms / small[verb]:.2f} of {SIZES_GB[0]} GiB"
            found.append(Figure(f"{verb}, {size_gb} GiB", ms, "ms", how=said))
    return found


def _measured(size_gb: int) -> dict[str, float]:
    """Milliseconds by verb: the service, its job and QEMU's start."""
    actor = _actor()
    old, new = (bootable_image(actor, size_bytes=size_gb * GIB, min_disk_gb=size_gb) for _ in range(2))
    flavor, count = tiny_flavor(), itertools.count()

    def create() -> None:
        create_servers(actor=actor, image=old, flavor=flavor, name="bench", **ORDER)
        run_jobs()

    def change() -> None:
        server = _server(actor)
        image = new if server.image_id == old.pk else old
        change_os(server, image=image, stop_first=True, actor=actor, **ORDER)
        run_jobs()

    def undo() -> None:
        undo_change_os(_server(actor).disks.kept()[0], actor=actor)
        run_jobs()

    def copy() -> None:
        copy_image(old, name=f"copy-{next(count)}", actor=actor)
        run_jobs()

    verbs = {"create server": create, "change OS": change, "undo": undo, "copy in the region": copy}
    try:
        return {verb: median_ms(function) for verb, function in verbs.items()}
    finally:
        for server in Server.objects.visible_to(actor).existing():
            delete_server(server, delete_disks=True, actor=actor)
        run_jobs()


def _actor() -> Actor:
    region = factories.RegionFactory()
    factories.ZoneFactory(region=region)
    return service_actor(factories.ProjectFactory(region=region))


def _server(actor: Actor) -> Server:
    """The one whose system is exchanged, as it is now."""
    server = Server.objects.visible_to(actor).existing().earliest("created_at")
    assert server.status == Server.Status.RUNNING, server.status_sentence
    return server
