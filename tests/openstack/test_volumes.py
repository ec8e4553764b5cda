"""Disks in a real Cinder: what is left of interrupted work, of twins and of errors, and what a guest sees of them."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from openstack.connection import Connection

from imsconsole.core.errors import Conflict, NoSpace, Unsupported
from imsconsole.engine.openstack import OpenStackEngine
from imsconsole.engine.types import GIB, MIB, DiskSpec, FileSource, Kind, ServerSpec
from tests.engine.guests import Stopped, TestWork, server_spec, stop_at, stored_image, wait_for

pytestmark = [pytest.mark.cloud, pytest.mark.slow(reason="a cloud is asked, and one waits for it")]


@pytest.fixture
def engine(cloud_engine: OpenStackEngine) -> OpenStackEngine:
    return cloud_engine


def made(engine: OpenStackEngine, size_bytes: int = GIB) -> DiskSpec:
    disk = DiskSpec(uuid4(), "", 1, size_bytes)
    return replace(disk, ref=engine.create_disk(disk.id, size_bytes, work=TestWork()))


def size_gb(demo: Connection, disk: DiskSpec) -> int:
    return demo.block_storage.get_volume(disk.ref[-36:]).size


def endings(whole: TestWork) -> Iterator[TestWork]:
    """Work like `whole` that is ended at each of its reports, then at each of its holds."""
    for at in range(1, len(whole.reports) + 1):
        work = TestWork()

        def on_report(work: TestWork = work, at: int = at) -> None:
            if len(work.reports) == at:
                raise Stopped

        work.on_report = on_report
        yield work
    for at in range(1, whole.holds + 1):
        yield TestWork(on_hold=stop_at(at))


def test_a_disk_has_whole_gigabytes(engine: OpenStackEngine, demo: Connection) -> None:
    small, large = made(engine, 64 * MIB), made(engine, GIB + 1)
    assert [size_gb(demo, disk) for disk in (small, large)] == [1, 2]
    engine.grow_disk(small, 2 * GIB, work=TestWork())
    engine.grow_disk(small, GIB, work=TestWork())
    assert size_gb(demo, small) == 2


@pytest.mark.thorough
def test_a_disk_whose_work_ended_anywhere_is_one_in_the_end_or_none(
    engine: OpenStackEngine, place: Path
) -> None:
    image = stored_image(engine, place)

    def create(disk_id: UUID, work: TestWork) -> str:
        return engine.create_disk(disk_id, GIB, work=work, image_ref=image.ref)

    whole = TestWork()
    engine.delete_disk(create(uuid4(), whole), work=TestWork())
    for goes_on, work in enumerate(endings(whole)):
        disk_id = uuid4()
        with suppress(Stopped):  # it did not come by so often
            create(disk_id, work)
        if goes_on % 2:
            ref = create(disk_id, TestWork())
            assert engine.find(Kind.DISK, disk_id) == (ref,)
            assert engine.inventory().disks == {ref}
            engine.delete_disk(ref, work=TestWork())
        else:
            engine.discard([disk_id], work.token, work=TestWork())
        assert not engine.inventory().disks


def test_of_twins_that_of_the_highest_attempt_stays(engine: OpenStackEngine) -> None:
    """The first attempt is held up before it makes its disk, the second one right after."""
    job, disk_id, refs = uuid4().hex, uuid4(), []

    def attempt(number: int, on_hold: Callable[[int], None]) -> None:
        work = TestWork(f"{job}-{number}-disk", on_hold=on_hold)
        with suppress(Stopped):
            refs.append(engine.create_disk(disk_id, GIB, work=work))

    def second(number: int) -> None:
        if number == 1:
            attempt(2, lambda _number: None)

    attempt(1, second)
    assert len(refs) == 2
    (there,) = set(refs) & engine.inventory().disks - {refs[1]}
    assert engine.find(Kind.DISK, disk_id)[0] == there == refs[0]
    attempt(3, lambda _number: None)
    assert engine.inventory().disks == {refs[0]} == {refs[2]}


def test_a_late_attempt_takes_back_only_what_nobody_else_took_over(engine: OpenStackEngine) -> None:
    disk_id, kept = uuid4(), []

    def overtaken(number: int) -> None:
        if number == 2:
            kept.append(engine.create_disk(disk_id, GIB, work=TestWork()))
            raise Stopped

    with pytest.raises(Stopped):
        engine.create_disk(disk_id, GIB, work=TestWork(on_hold=overtaken))
    assert engine.inventory().disks == set(kept)


def test_what_the_quota_or_the_pool_has_no_room_for_leaves_nothing(
    engine: OpenStackEngine, demo: Connection
) -> None:
    """The pool's lack is told when there is a volume already, by a message.

    The lab's pool of 100 GB gives 20 times as much; its quota is 5,000.
    """
    disk = made(engine)
    for size in (4_000 * GIB, 100_000 * GIB):
        with pytest.raises(NoSpace):
            engine.create_disk(uuid4(), size, work=TestWork())
        with pytest.raises(NoSpace):
            engine.grow_disk(disk, size, work=TestWork())
        assert engine.inventory().disks == {disk.ref}
        assert demo.block_storage.get_volume(disk.ref[-36:]).status == "available"


def test_others_volumes_are_none_of_our_disks(engine: OpenStackEngine, demo: Connection) -> None:
    """Whoever marks his volume as ours, for another console, keeps it."""
    disk = made(engine)
    (theirs,) = demo.block_storage.volumes(name="somebody-else-of-another-console")
    theirs_ref = f"{theirs.metadata['ims_id']}.{theirs.id}"
    assert engine.inventory().disks == {disk.ref}
    engine.delete_disk(theirs_ref, work=TestWork())
    engine.discard([UUID(theirs.metadata["ims_id"])], "t", work=TestWork())
    assert demo.block_storage.get_volume(theirs.id).status == "available"


@pytest.mark.guest
@pytest.mark.parametrize("guest", ["bios"], indirect=True)
def test_a_guest_gets_disks_and_gives_them_back(
    engine: OpenStackEngine, demo: Connection, guest: tuple[str, Path]
) -> None:
    """What the guest printed says which disks it had; their serial numbers are the volumes' IDs, as far as they fit."""
    image = engine.ingest(uuid4(), FileSource(guest[1]), format="raw", work=TestWork())
    first, second = made(engine), made(engine, 2 * GIB)
    spec = server_spec(memory_mb=256)
    server = engine.create_server(replace(spec, disks=(*spec.disks, first)), image.ref, work=TestWork())
    server = engine.start(server, work=TestWork())
    wait_for(engine, server.ref, f"disk vdb serial={first.serial} bytes={GIB}")
    wait_for(engine, server.ref, "IMS-GUEST ready")
    for _ in range(2):
        engine.attach(server, replace(second, index=2), work=TestWork())
    wait_for(engine, server.ref, f"disk vdc serial={second.serial} bytes={2 * GIB}")
    with pytest.raises(Unsupported) as refusal:
        engine.grow_disk(second, 3 * GIB, server=server, work=TestWork())
    assert refusal.value.code == "no-grow-in-use"
    with pytest.raises(Conflict):
        engine.delete_disk(second.ref, work=TestWork())
    assert demo.block_storage.get_volume(second.ref[-36:]).status == "in-use"
    for _ in range(2):
        engine.detach(server, second, work=TestWork())
    wait_for(engine, server.ref, "disk vdc removed")
    engine.delete_disk(second.ref, work=TestWork())
    engine.stop(server.ref, graceful_s=0, work=TestWork())
    come_and_go_while_stopped(engine, server, first)


def come_and_go_while_stopped(engine: OpenStackEngine, server: ServerSpec, first: DiskSpec) -> None:
    third = made(engine)
    for _ in range(2):
        engine.detach(server, first, work=TestWork())
        engine.attach(server, replace(third, index=1), work=TestWork())
    server = replace(server, disks=(server.disks[0], replace(third, index=1)))
    server = engine.start(server, work=TestWork())
    log = wait_for(engine, server.ref, f"disk vdb serial={third.serial} bytes={GIB}")
    assert "vdc" not in log
