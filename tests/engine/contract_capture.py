"""The promises of `capture`, and of disks with an image's content. Every engine inherits them."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from imsconsole.core.errors import Conflict, NotFound, Unsupported
from imsconsole.engine.api import Engine
from imsconsole.engine.types import GIB, MIB, DiskSpec, FileSource, Power, ServerSpec, StoredDisk
from tests.engine.contract import nothing_in
from tests.engine.guests import (
    COUNTED,
    OFTEN,
    SELDOM,
    Stopped,
    TestWork,
    counters,
    counting_disk,
    server_spec,
    state_of,
    stop_at,
    stored_image,
    tiny_disk,
    wait_for,
    wait_until,
)
from tests.engine.promises import Content, Promises, Some, told

SYSTEM, LATER, DATA = COUNTED


def data_disk(engine: Engine, size_bytes: int = GIB, *, image_ref: str = "") -> DiskSpec:
    disk = DiskSpec(uuid4(), "", 1, size_bytes)
    return replace(disk, ref=engine.create_disk(disk.id, size_bytes, work=TestWork(), image_ref=image_ref))


def counting_server(engine: Engine, place: Path, *, hertz: int = SELDOM) -> ServerSpec:
    """A server that counts on its system disk and its data disk once it is started; no image is left."""
    raw = counting_disk(place / f"{uuid4().hex}.raw", size_bytes=16 * MIB, hertz=hertz)
    image = engine.ingest(uuid4(), FileSource(raw), format="raw", work=TestWork())
    spec = server_spec()
    spec = replace(spec, disks=(*spec.disks, data_disk(engine)))
    server = engine.create_server(spec, image.ref, work=TestWork())
    engine.delete(image.ref, work=TestWork())
    return server


def running_server(engine: Engine, place: Path, *, hertz: int = SELDOM) -> ServerSpec:
    """The same, which has been started."""
    server = engine.start(counting_server(engine, place, hertz=hertz), work=TestWork())
    wait_for(engine, server.ref, "COUNTING")
    return server


def counting(engine: Engine, content: Content, place: Path, *, hertz: int = SELDOM) -> ServerSpec:
    """The same, which has written what it counts."""
    server = running_server(engine, place, hertz=hertz)
    wait_until(lambda: counted(engine, content, place, captured(engine, server))[0] > 1)
    return server


def captured(engine: Engine, server: ServerSpec, work: TestWork | None = None) -> list[StoredDisk]:
    """What its disks hold now, in their order."""
    disks = {uuid4(): disk for disk in server.disks}
    return list(engine.capture(server, disks, work=work or TestWork()).values())


def counted(engine: Engine, content: Content, place: Path, stored: list[StoredDisk]) -> list[int]:
    """System disk, a later place of it, data disk. The stored disks are deleted."""
    numbers = []
    for each, sectors in zip(stored, [(SYSTEM, LATER), (DATA,)], strict=True):
        path = place / "counted.qcow2"
        path.write_bytes(content(each.ref))
        numbers += counters(path, *sectors)
        engine.delete(each.ref, work=TestWork())
    return numbers


def interrupted(at: int = 1) -> TestWork:
    """Work whose worker is killed at a report: nothing is tidied up."""
    work = TestWork()

    def on_report() -> None:
        if len(work.reports) == at:
            raise Stopped

    work.on_report = on_report
    return work


class CapturesAtOnce(Promises):
    @pytest.fixture
    def shows_data_disks(self) -> bool:
        """Whether the firmware shows a guest more disks than the one it boots."""
        return True

    @pytest.mark.guest
    def test_a_running_guests_disks_are_stored_as_they_were_at_one_instant_even_if_it_powers_off_meanwhile(
        self, engine: Engine, content: Content, place: Path, shows_data_disks: bool
    ) -> None:
        server = counting(engine, content, place, hertz=OFTEN)
        work = TestWork()
        stored = captured(engine, server, work)
        total = sum(disk.size_bytes for disk in server.disks)
        assert told(engine, work, total)
        assert [each.virtual_size_bytes for each in stored] == [disk.size_bytes for disk in server.disks]
        assert all(engine.verify(each.ref, each.checksum, work=TestWork()) for each in stored)
        system, later, data = counted(engine, content, place, stored)
        # the guest writes a number in this order: what is there is what it had written at an instant, no more
        assert system >= later >= (data if shows_data_disks else system - 1) >= system - 1 > 0
        assert state_of(engine, server.ref).power is Power.RUNNING
        wait_until(lambda: counted(engine, content, place, captured(engine, server))[0] > system)
        work = TestWork()

        def power_off() -> None:
            engine.stop(server.ref, graceful_s=0, work=TestWork())

        work.on_report = power_off
        stored = captured(engine, server, work)
        work.on_report = lambda: None
        then = counted(engine, content, place, stored)
        at_rest = counted(engine, content, place, captured(engine, server))
        assert system < then[0] <= at_rest[0]
        assert then[2] <= at_rest[2]
        assert not engine.inventory().scraps

    @pytest.mark.guest
    def test_a_captured_system_disk_boots_in_another_server(self, engine: Engine, place: Path) -> None:
        image = stored_image(engine, place, "CAPTURED")
        server = engine.create_server(server_spec(), image.ref, work=TestWork())
        engine.delete(image.ref, work=TestWork())
        for start in (False, True):
            if start:
                server = engine.start(server, work=TestWork())
            (stored,) = captured(engine, server)
            engine.stop(server.ref, graceful_s=0, work=TestWork())
            other = engine.create_server(server_spec(), stored.ref, work=TestWork())
            other = engine.start(other, work=TestWork())
            wait_for(engine, other.ref, "CAPTURED")
            engine.stop(other.ref, graceful_s=0, work=TestWork())

    def test_disks_at_rest_are_stored_flattened_and_stand_alone(
        self, engine: Engine, content: Content, place: Path
    ) -> None:
        raw = tiny_disk(place / "source.raw")
        image = engine.ingest(uuid4(), FileSource(raw), format="raw", work=TestWork())
        server = engine.create_server(server_spec(), image.ref, work=TestWork())
        work = TestWork()
        (stored,) = captured(engine, server, work)
        engine.delete_server(server.ref, work=TestWork())
        engine.delete(image.ref, work=TestWork())
        (place / "back.qcow2").write_bytes(content(stored.ref))
        info = subprocess.run(
            ["qemu-img", "info", "-f", "qcow2", place / "back.qcow2"], capture_output=True, text=True
        )
        assert "backing" not in info.stdout
        compare = ["qemu-img", "compare", "-f", "raw", "-F", "qcow2", "source.raw", "back.qcow2"]
        assert subprocess.run(compare, cwd=place, capture_output=True).returncode == 0
        assert told(engine, work, GIB)
        assert engine.inventory().stored == {stored.ref}

    def test_a_disk_without_a_server_is_stored_and_becomes_a_disk_again(
        self, engine: Engine, place: Path
    ) -> None:
        disk = data_disk(engine)
        disk_id = uuid4()
        (stored,) = engine.capture(None, {disk_id: disk}, work=TestWork()).values()
        again = engine.capture(None, {disk_id: disk}, work=TestWork())[disk_id]
        assert engine.inventory().stored == {again.ref}
        assert again.checksum == stored.checksum
        engine.delete_disk(disk.ref, work=TestWork())
        other = data_disk(engine, 2 * GIB, image_ref=again.ref)
        engine.delete(again.ref, work=TestWork())
        assert engine.inventory().disks == {other.ref}
        engine.delete_disk(other.ref, work=TestWork())
        assert nothing_in(engine)

    def test_a_disk_of_an_image_has_its_content_and_no_less_room(
        self, engine: Engine, content: Content, place: Path
    ) -> None:
        image = stored_image(engine, place, "CONTENT")
        work, disk_id = TestWork(), uuid4()
        ref = engine.create_disk(disk_id, GIB, work=work, image_ref=image.ref)
        ref = engine.create_disk(disk_id, GIB, work=TestWork(), image_ref=image.ref)
        assert told(engine, work, image.size_bytes)
        assert engine.inventory().disks == {ref}
        (stored,) = engine.capture(None, {uuid4(): DiskSpec(disk_id, ref, 1, GIB)}, work=TestWork()).values()
        assert stored.virtual_size_bytes == GIB
        (place / "back.qcow2").write_bytes(content(stored.ref))
        part = ["bs=1M", "count=1", "if=back.qcow2", "of=start"]
        subprocess.run(["qemu-img", "dd", "-f", "qcow2", "-O", "raw", *part], cwd=place, check=True)
        assert b"CONTENT" in (place / "start").read_bytes()
        with pytest.raises(Conflict) as refusal:
            engine.create_disk(uuid4(), MIB, work=TestWork(), image_ref=image.ref)
        assert refusal.value.code == "data-disk-too-small"
        with pytest.raises(NotFound):
            engine.create_disk(uuid4(), MIB, work=TestWork(), image_ref=f"{uuid4()}.t1.qcow2")
        assert engine.inventory().disks == {ref}

    def test_a_medium_is_no_content_of_a_disk(self, engine: Engine, place: Path) -> None:
        (place / "source.iso").write_bytes(bytes(MIB))
        medium = engine.ingest(uuid4(), FileSource(place / "source.iso"), format="iso", work=TestWork())
        with pytest.raises(Unsupported):
            engine.create_disk(uuid4(), GIB, work=TestWork(), image_ref=medium.ref)

    @pytest.mark.guest
    def test_late_work_does_not_touch_its_successors_capture(self, engine: Engine, place: Path) -> None:
        server = running_server(engine, place)
        disks = {uuid4(): disk for disk in server.disks}
        kept: list[dict[UUID, StoredDisk]] = []
        work = TestWork()

        def overtaken() -> None:
            if not kept:
                kept.append(engine.capture(server, disks, work=TestWork()))
                raise Stopped

        work.on_report = overtaken
        with pytest.raises(Stopped):
            engine.capture(server, disks, work=work)
        assert engine.inventory().stored == {each.ref for each in kept[0].values()}
        assert all(engine.verify(each.ref, each.checksum, work=TestWork()) for each in kept[0].values())


class CaptureContract(CapturesAtOnce):
    """And whoever dies of it leaves nothing behind that is in the way."""

    @pytest.mark.guest
    @pytest.mark.thorough
    def test_a_capture_goes_on_where_its_worker_died(
        self, engine: Engine, content: Content, place: Path
    ) -> None:
        """What is stored is of the first instant, though the guest has gone on for long."""
        server = counting(engine, content, place)
        disks = {uuid4(): disk for disk in server.disks}
        with pytest.raises(Stopped):
            engine.capture(server, disks, work=interrupted())
        (between, *_rest) = counted(engine, content, place, captured(engine, server))
        wait_until(lambda: counted(engine, content, place, captured(engine, server))[0] > between)
        stored = engine.capture(server, disks, work=TestWork())
        assert 0 < counted(engine, content, place, list(stored.values()))[0] <= between
        assert not engine.inventory().scraps

    @pytest.mark.guest
    @pytest.mark.thorough
    @pytest.mark.parametrize("swept", [True, False])
    def test_what_a_killed_worker_left_is_removed_and_a_later_capture_is_whole(
        self, engine: Engine, place: Path, swept: bool
    ) -> None:
        server = running_server(engine, place)
        disks = {uuid4(): disk for disk in server.disks}
        work = interrupted()
        with pytest.raises(Stopped):
            engine.capture(server, disks, work=work)
        assert engine.inventory().scraps <= {work.token}
        if swept:
            engine.sweep(work.token)
            assert not engine.inventory().scraps
        else:  # a guest that starts anew knows nothing of the copying
            engine.stop(server.ref, graceful_s=0, work=TestWork())
            server = engine.start(server, work=TestWork())
        stored = engine.capture(server, disks, work=TestWork())
        assert {each.ref for each in stored.values()} == engine.inventory().stored
        assert not engine.inventory().scraps

    @pytest.mark.guest
    @pytest.mark.thorough
    @pytest.mark.parametrize("runs", [True, False])
    def test_a_capture_that_ends_anywhere_leaves_nothing_and_the_guest_goes_on(
        self, engine: Engine, place: Path, some: Some, runs: bool
    ) -> None:
        server = counting_server(engine, place)
        if runs:
            server = engine.start(server, work=TestWork())
        whole = TestWork()
        for each in captured(engine, server, whole):
            engine.delete(each.ref, work=TestWork())
        endings: list[Callable[[], TestWork]] = [
            *(lambda at=at: interrupted(at) for at in some([*range(1, len(whole.reports))])),
            *(lambda at=at: TestWork(on_hold=stop_at(at)) for at in some([*range(1, whole.holds + 1)])),
        ]
        for ending in endings:
            work = ending()
            try:
                for each in captured(engine, server, work):  # it did not come by so often
                    engine.delete(each.ref, work=TestWork())
            except Stopped:
                engine.sweep(work.token)
            assert not engine.inventory().stored
            assert not engine.inventory().scraps
        assert (state_of(engine, server.ref).power is Power.RUNNING) == runs
