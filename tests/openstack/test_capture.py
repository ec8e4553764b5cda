"""Captures in a real cloud: of one instant, never leaving a guest paused, and whole or nothing whoever is killed at what."""

import os
import signal
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from openstack.connection import Connection

from imsconsole.core.errors import Unsupported
from imsconsole.engine.openstack import OpenStackEngine
from imsconsole.engine.openstack.cloud import Cloud, Service
from imsconsole.engine.types import GIB, DiskSpec, FileSource, Key, Seed, ServerSpec, StoredDisk
from tests.engine.guests import TestWork, counting_disk, server_spec, wait_for, wait_until
from tests.openstack.seen import connected
from tests.support.processes import ended, forked

pytestmark = [
    pytest.mark.cloud,
    pytest.mark.guest,
    pytest.mark.slow(reason="a cloud is asked, and one waits for it"),
]
SECTOR = 1024 * 1024  # where a guest counts: beyond all that its system has
COUNTS = f"""#!/bin/sh
count() {{
    number=0
    while number=$((number + 1)); do
        for disk in vda vdb; do
            echo $number | dd of=/dev/$disk bs=512 seek={SECTOR} conv=notrunc,fsync
        done
        [ $number = 3 ] && echo "counts now" > /dev/ttyS0
    done
}}
count > /dev/null 2>&1 &
"""
# what a capture of two disks changes, in this order
MARKED, PAUSED, ONE_SNAPSHOT, SNAPSHOTS, WOKEN, UNMARKED, ONE_SURE, SURE = range(1, 9)
TWINS, ONE_UPLOAD, ONE_REMOVED = 10, 12, 15
# of an account with a project of its own: both twins are offered and accepted, one after the other, before all that follows
HANDED = 4
OFFERED, ACCEPTED = TWINS + 1, TWINS + 2


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> OpenStackEngine:
    """Of a region; or, as `account_engine`, of an account with a project of its own."""
    engine: OpenStackEngine = request.getfixturevalue(getattr(request, "param", "cloud_engine"))
    return engine


@pytest.fixture
def busy(engine: OpenStackEngine, place: Path) -> ServerSpec:
    """A server that writes to its system disk, and has a data disk; no image is left."""
    image = engine.ingest(
        uuid4(), FileSource(counting_disk(place / "counting.raw")), format="raw", work=TestWork()
    )
    server = engine.create_server(with_data(engine, server_spec()), image.ref, work=TestWork())
    engine.delete(image.ref, work=TestWork())
    server = engine.start(server, work=TestWork())
    wait_for(engine, server.ref, "COUNTING")
    return server


def with_data(engine: OpenStackEngine, server: ServerSpec) -> ServerSpec:
    disk_id = uuid4()
    disk = DiskSpec(disk_id, engine.create_disk(disk_id, GIB, work=TestWork()), 1, GIB)
    return replace(server, disks=(*server.disks, disk))


def wanted(server: ServerSpec) -> dict[UUID, DiskSpec]:
    return {uuid4(): disk for disk in server.disks}


def status_of(engine: OpenStackEngine, server: ServerSpec) -> str:
    (machine,) = connected(engine.cloud.settings.name).compute.servers(tags=f"ims-{server.id}")
    return str(machine.status)


def forget(engine: OpenStackEngine, stored: Mapping[UUID, StoredDisk]) -> None:
    for each in stored.values():
        engine.delete(each.ref, work=TestWork())


@pytest.mark.parametrize("guest", ["bios"], indirect=True)
def test_all_disks_of_a_guest_are_of_one_instant_and_it_goes_on(
    engine: OpenStackEngine, place: Path, guest: tuple[str, Path]
) -> None:
    """It writes a number to its system disk, then to its data disk, and waits for each: one is never ahead by more than one."""
    image = engine.ingest(uuid4(), FileSource(guest[1]), format="raw", work=TestWork())
    seed = Seed(instance_id="i-counts", hostname="counts", user_data=COUNTS.encode())
    server = with_data(engine, server_spec(memory_mb=256, seed=seed))
    server = engine.start(engine.create_server(server, image.ref, work=TestWork()), work=TestWork())
    wait_for(engine, server.ref, "counts now")
    before = 0
    for _ in range(2):
        stored = engine.capture(server, wanted(server), work=TestWork())
        assert status_of(engine, server) == "ACTIVE"
        assert all(engine.verify(each.ref, each.checksum, work=TestWork()) for each in stored.values())
        assert all(each.checksum.startswith("sha512:") for each in stored.values())
        system, data = (number_on(engine, each, place) for each in stored.values())
        assert system >= data >= system - 1 >= before
        before = system + 1
        forget(engine, stored)
    assert before > 2


def number_on(engine: OpenStackEngine, stored: StoredDisk, place: Path) -> int:
    with engine.open(stored.ref) as stream:
        (place / "stored.qcow2").write_bytes(stream.read())
    command = ["qemu-img", "convert", "-f", "qcow2", "-O", "raw", "stored.qcow2", "stored.raw"]
    subprocess.run(command, cwd=place, check=True)
    with (place / "stored.raw").open("rb") as disk:
        disk.seek(SECTOR * 512)
        return int(disk.read(512).split(b"\n")[0].strip(b"\0") or 0)


def killed_after(
    engine: OpenStackEngine, server: ServerSpec, disks: Any, work: TestWork, number: int
) -> None:
    """A process that captures, and is killed right after the so-manieth thing it has changed in Nova and Cinder."""

    def capture() -> None:
        count_changes(number)
        anew(engine).capture(server, disks, work=work)

    assert ended(forked(capture)) == -signal.SIGKILL, number


def anew(engine: OpenStackEngine) -> OpenStackEngine:
    """The same, which asks its cloud by what `Cloud.ask` is now."""
    name, there = engine.cloud.settings.name, OpenStackEngine(engine._store.settings)
    return there if name == there.cloud.settings.name else there.at(name)


def count_changes(last: int) -> None:
    done, asked = 0, Cloud.ask

    def ask(self: Cloud, service: Service, verb: str, *args: Any, **options: Any) -> Any:
        nonlocal done
        answer = asked(self, service, verb, *args, **options)
        done += verb != "GET" and service in ("compute", "block_storage")
        if done == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    Cloud.ask = ask  # type: ignore[method-assign]  # of this process, which is about to end


@pytest.mark.thorough
@pytest.mark.parametrize("engine", ["cloud_engine", "account_engine"], indirect=True)
def test_no_guest_stays_paused_whenever_its_worker_is_killed(
    engine: OpenStackEngine, busy: ServerSpec
) -> None:
    """Whether the capture is to go on or not; all that it had made goes when it is not."""
    for number in range(MARKED, SURE + 1):
        work = TestWork()
        killed_after(engine, busy, wanted(busy), work, number)
        assert engine.inventory().scraps == {work.token}
        engine.sweep(work.token, keep_captures=number % 2 == 0)
        assert status_of(engine, busy) == "ACTIVE"
        engine.sweep(work.token)
        assert not engine.inventory().scraps
    assert not engine.inventory().stored


@pytest.mark.parametrize(
    ("engine", "numbers"),
    [
        ("cloud_engine", (SNAPSHOTS, TWINS, ONE_UPLOAD, ONE_REMOVED)),
        pytest.param(
            "account_engine",
            (OFFERED, ACCEPTED, ONE_UPLOAD + HANDED, ONE_REMOVED + HANDED),
            marks=pytest.mark.thorough,
        ),
    ],
    indirect=["engine"],
)
def test_a_killed_capture_is_whole_when_it_is_asked_for_again(
    engine: OpenStackEngine, busy: ServerSpec, numbers: Iterable[int]
) -> None:
    """As jobs do: what must not stay is swept first."""
    for number in numbers:
        disks, work = wanted(busy), TestWork()
        killed_after(engine, busy, disks, work, number)
        engine.sweep(work.token, keep_captures=True)
        stored = engine.capture(busy, disks, work=TestWork())
        assert set(stored) == set(disks)
        assert engine.inventory().stored == {each.ref for each in stored.values()}
        assert not engine.inventory().scraps
        assert status_of(engine, busy) == "ACTIVE"
        forget(engine, stored)


@pytest.mark.thorough
def test_what_a_killed_capture_had_of_an_instant_is_gone_on_with(
    engine: OpenStackEngine, demo: Connection, busy: ServerSpec
) -> None:
    """No more snapshots are made when all were whole; when they were not, new ones are."""
    for number, goes_on in ((WOKEN, False), (ONE_SURE, False), (SURE, True)):
        disks, work = wanted(busy), TestWork()
        killed_after(engine, busy, disks, work, number)
        engine.sweep(work.token, keep_captures=True)
        ours = {
            each.id for each in demo.block_storage.snapshots() if each.metadata.get("ims_token") == work.token
        }
        assert len(ours) == 2
        seen: list[set[str]] = []
        watching = TestWork(
            on_report=lambda seen=seen: seen.append({each.id for each in demo.block_storage.snapshots()})
        )
        forget(engine, engine.capture(busy, disks, work=watching))
        assert (set().union(*seen) == ours) == goes_on


def test_a_guest_that_its_operator_paused_is_captured_and_stays_so(
    engine: OpenStackEngine, demo: Connection, busy: ServerSpec
) -> None:
    (machine,) = demo.compute.servers(tags=f"ims-{busy.id}")
    demo.compute.pause_server(machine)
    wait_until(lambda: status_of(engine, busy) == "PAUSED")
    forget(engine, engine.capture(busy, wanted(busy), work=TestWork()))
    assert status_of(engine, busy) == "PAUSED"
    assert not engine.inventory().scraps


def test_a_capture_takes_no_more_than_was_said(engine: OpenStackEngine) -> None:
    server = with_data(engine, server_spec())
    data = server.disks[1:]
    (stored,) = engine.capture(None, {uuid4(): data[0]}, work=TestWork()).values()
    assert GIB <= engine.capture_bytes(data) < 2 * GIB
    assert stored.size_bytes <= engine.capture_bytes(data)
    with pytest.raises(Unsupported):
        engine.capture(None, {uuid4(): replace(data[0], key=Key(uuid4(), bytes))}, work=TestWork())
