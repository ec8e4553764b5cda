"""Create, switch and capture on a real cloud through our engine, beside the same by openstacksdk alone: times and calls.

The bare way makes what our engine makes, in the fewest calls, and looks as often whether it is there; what a killed worker
would need is left out: marks that are looked for, twins, checksums.
"""

import os
import secrets
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import uuid4

import openstack
import requests
from openstack import exceptions

from imsconsole.engine.openstack import CloudSettings, OpenStackEngine
from imsconsole.engine.types import GIB, DiskSpec, FileSource, ServerSpec, Unwatched
from tests.bench.figures import Figure
from tests.engine.guests import server_spec, tiny_disk

TITLE = "A cloud, ours / openstacksdk alone"
CLOUD, NETWORK, TIMES, MOST = "lab-demo", "lab", 5, 1.2
VERBS = ("create", "switch", "capture")


@dataclass(frozen=True)
class Taken:
    """How long something took and was at work itself, and what was asked for it by HTTP: what changes something, and looks."""

    s: float
    busy_s: float
    changes: int
    looks: int


@contextmanager
def taken(into: list[Taken]) -> Iterator[None]:
    methods: Counter[str] = Counter()
    send = requests.Session.send

    def counted(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> Any:
        methods["look" if request.method in ("GET", "HEAD") else "change"] += 1
        return send(session, request, **options)

    begun, worked = time.perf_counter(), time.process_time()
    with mock.patch.object(requests.Session, "send", counted):
        yield
    ended, busy = time.perf_counter(), time.process_time() - worked
    into.append(Taken(ended - begun, busy, methods["change"], methods["look"]))


def figures() -> list[Figure]:
    taken_by = {way: {verb: [] for verb in VERBS} for way in ("ours", "bare")}
    with tempfile.TemporaryDirectory() as folder:
        console = f"ims-bench-{uuid4().hex[:8]}"
        ours, bare = Ours(console, Path(folder)), Bare()
        try:
            ref = ours.store(tiny_disk(Path(folder, "disk.raw")))
            for number in range(TIMES + 1):
                for way, done in (("ours", ours), ("bare", bare)):
                    into = taken_by[way] if number else {verb: [] for verb in VERBS}  # the first signs in
                    done.lives(ref, into)
        finally:
            ours.clear()
            bare.clear()
    beside = [
        each for verb in VERBS for each in _figures(verb, taken_by["ours"][verb], taken_by["bare"][verb])
    ]
    return [*beside, _looked(ours.looks[1:])]


def _figures(verb: str, ours: list[Taken], bare: list[Taken]) -> Iterator[Figure]:
    own, plain = (statistics.median(each.s for each in way) for way in (ours, bare))
    calls = " / ".join(
        f"{statistics.median(each.changes for each in way):g} + {statistics.median(each.looks for each in way):g}"
        for way in (ours, bare)
    )
    spread = " / ".join(
        f"{min(each.s for each in way):.1f}–{max(each.s for each in way):.1f}" for way in (ours, bare)
    )
    busy = statistics.median(each.busy_s for each in ours)
    load = os.getloadavg()[1]
    how = (
        f"{own:.2f} s / {plain:.2f} s ({spread}); calls that change + look: {calls}; "
        f"{busy:.2f} s of it at work here; load {load:.0f}"
    )
    yield Figure(f"{verb}, against openstacksdk alone", own / plain, "times", MOST, how=how)


def _looked(looks: list[Taken]) -> Figure:
    """What the clock asks a region every ten seconds, of all its servers at once."""
    s = statistics.median(each.s for each in looks)
    busy_ms = statistics.median(each.busy_s for each in looks) * 1000
    calls = statistics.median(each.looks for each in looks)
    how = f"in {calls:g} calls, for each 500 servers; {busy_ms:.0f} ms of it at work here"
    return Figure("states of all servers", s * 1000, "ms", how=how)


def until(probe: Callable[[], Any]) -> Any:
    """As our engine waits (`Cloud.until`)."""
    pause = 0.2
    while not (found := probe()):
        time.sleep(pause)
        pause = min(2.0, pause * 1.3)
    return found


def _server() -> ServerSpec:
    """With a MAC of its own, as the console gives one."""
    return server_spec(id=uuid4(), mac="fa:16:3e:" + secrets.token_bytes(3).hex(":"))


class Ours:
    def __init__(self, console: str, folder: Path) -> None:
        self.engine = OpenStackEngine(CloudSettings(CLOUD, folder / "work", console=console, network=NETWORK))
        self.looks: list[Taken] = []

    def store(self, disk: Path) -> str:
        return self.engine.ingest(uuid4(), FileSource(disk), format="raw", work=Unwatched()).ref

    def lives(self, ref: str, into: dict[str, list[Taken]]) -> None:
        """A server is created and runs, gets another system disk, and is captured."""
        engine, work = self.engine, Unwatched()
        with taken(into["create"]):
            made = engine.create_server(_server(), ref, work=work)
            made = engine.start(made, work=work)
        with taken(self.looks):
            engine.states([made.ref, f"{uuid4()}.{uuid4()}"])
        engine.stop(made.ref, graceful_s=0, work=work)
        former = made.disks[0]
        with taken(into["switch"]):
            made = engine.switch_system_disk(made, DiskSpec(uuid4(), "", 0, GIB), ref, work=work)
            made = engine.start(made, work=work)
        with taken(into["capture"]):
            (captured,) = engine.capture(made, {uuid4(): made.disks[0]}, work=work).values()
        engine.delete_server(made.ref, work=work)
        engine.delete_disk(former.ref, work=work)
        engine.delete(captured.ref, work=work)

    def clear(self) -> None:
        there, work = self.engine.inventory(), Unwatched()
        for ref in there.servers:
            self.engine.delete_server(ref, work=work)
        for ref in there.disks:
            self.engine.delete_disk(ref, work=work)
        for ref in there.stored:
            self.engine.delete(ref, work=work)


class Bare:
    """Who knows openstacksdk and needs this once."""

    def __init__(self) -> None:
        self.cloud = openstack.connect(cloud=CLOUD)
        self.network = self.cloud.network.find_network(NETWORK, ignore_missing=False)
        self.flavor = next(each for each in self.cloud.compute.flavors() if (each.ram, each.disk) == (64, 0))
        self.images: list[str] = []

    def lives(self, ref: str, into: dict[str, list[Taken]]) -> None:
        cloud, image = self.cloud, ref.rpartition(".")[2]
        with taken(into["create"]):
            port = cloud.network.create_port(network_id=self.network.id)
            volume = self._volume(image_id=image)
            machine = self._machine(port, volume)
        cloud.compute.stop_server(machine)
        until(lambda: cloud.compute.get_server(machine.id).status == "SHUTOFF")
        with taken(into["switch"]):
            cloud.compute.delete_server(machine)
            incoming = self._volume(image_id=image)
            until(lambda: self._is_gone(machine))
            machine = self._machine(port, incoming)
        with taken(into["capture"]):
            self.images.append(self._captured(machine, incoming))
        cloud.compute.delete_server(machine)
        until(lambda: self._is_gone(machine))
        cloud.network.delete_port(port)
        for each in (volume, incoming):
            until(lambda each=each: cloud.block_storage.get_volume(each.id).status == "available")
            cloud.block_storage.delete_volume(each)
        self.clear()

    def _volume(self, **source: str) -> Any:
        made = self.cloud.block_storage.create_volume(size=1, **source)
        return until(lambda: _of_status(self.cloud.block_storage.get_volume(made.id), "available"))

    def _machine(self, port: Any, volume: Any) -> Any:
        disk = {"uuid": volume.id, "source_type": "volume", "destination_type": "volume", "boot_index": 0}
        made = self.cloud.compute.create_server(
            name="bench", flavor_id=self.flavor.id, networks=[{"port": port.id}], block_device_mapping=[disk]
        )
        return until(lambda: _of_status(self.cloud.compute.get_server(made.id), "ACTIVE"))

    def _captured(self, machine: Any, volume: Any) -> str:
        cloud = self.cloud
        cloud.compute.pause_server(machine)
        until(lambda: cloud.compute.get_server(machine.id).status == "PAUSED")
        snapshot = cloud.block_storage.create_snapshot(volume_id=volume.id, force=True)
        until(lambda: _of_status(cloud.block_storage.get_snapshot(snapshot.id), "available"))
        cloud.compute.unpause_server(machine)
        twin = self._volume(snapshot_id=snapshot.id)
        made = cloud.block_storage.upload_volume_to_image(
            twin, "bench", disk_format="qcow2", container_format="bare"
        )
        until(lambda: _of_status(cloud.image.get_image(made["image_id"]), "active"))
        until(lambda: _of_status(cloud.block_storage.get_volume(twin.id), "available"))
        cloud.block_storage.delete_volume(twin)
        cloud.block_storage.delete_snapshot(snapshot)
        until(lambda: not list(cloud.block_storage.snapshots(volume_id=volume.id)))
        return str(made["image_id"])

    def _is_gone(self, machine: Any) -> bool:
        with suppress(exceptions.NotFoundException):
            return bool(self.cloud.compute.get_server(machine.id).status == "DELETED")
        return True

    def clear(self) -> None:
        while self.images:
            self.cloud.image.delete_image(self.images.pop())


def _of_status(thing: Any, status: str) -> Any:
    assert thing.status.lower() != "error", thing
    return thing if thing.status == status else None
