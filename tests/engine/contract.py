"""The promises of an engine (`engine.api`). Every engine's test class inherits these."""

import hashlib
import io
import json
import subprocess
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from imsconsole.core.errors import BadImage, Conflict, NotFound, Unavailable, Unsupported
from imsconsole.engine.api import Engine
from imsconsole.engine.types import GIB, MIB, DiskSpec, FileSink, FileSource, Inventory, Key, Power
from tests.engine.guests import (
    Stopped,
    TestWork,
    answering_disk,
    counting_disk,
    is_checksum_of,
    server_spec,
    state_of,
    stop,
    stop_at,
    stored_image,
    tiny_cd,
    tiny_disk,
    tiny_uefi_disk,
    wait_for,
    wait_until,
)
from tests.engine.promises import Content, Promises, by, reached, told
from tests.engine.systems import make_disk, root_of

PNG = b"\x89PNG\r\n\x1a\n"


def nothing_in(engine: Engine) -> bool:
    there = engine.inventory()
    return there == Inventory()


class Pipe(io.BytesIO):
    """A sink that is no file."""

    content = b""

    def open(self) -> "Pipe":
        return self

    def close(self) -> None:
        self.content = self.getvalue()
        super().close()


class EngineContract(Promises):
    # stored disks
    def test_a_disk_that_is_stored_keeps_its_content(
        self, engine: Engine, content: Content, place: Path
    ) -> None:
        source, work = tiny_disk(place / "source.raw"), TestWork()
        stored = engine.ingest(uuid4(), FileSource(source), format="raw", work=work)
        (place / "back.qcow2").write_bytes(content(stored.ref))
        compare = ["qemu-img", "compare", "-f", "raw", "-F", "qcow2", "source.raw", "back.qcow2"]
        assert subprocess.run(compare, cwd=place, capture_output=True).returncode == 0
        assert (stored.format, stored.virtual_size_bytes) == ("qcow2", 4 * MIB)
        assert told(engine, work, 4 * MIB)
        assert work.holds >= 2

    @pytest.mark.parametrize("format", ["qcow", "qcow2", "vmdk", "vpc", "vhdx", "vdi"])
    def test_every_format_is_stored_as_qcow2(
        self, engine: Engine, content: Content, place: Path, format: str
    ) -> None:
        tiny_disk(place / "source.raw")
        subprocess.run(
            ["qemu-img", "convert", "-f", "raw", "-O", format, "source.raw", "other"], cwd=place, check=True
        )
        ours = {"vpc": "vhd"}.get(format, format)
        stored = engine.ingest(uuid4(), FileSource(place / "other"), format=ours, work=TestWork())
        (place / "back.qcow2").write_bytes(content(stored.ref))
        compare = ["qemu-img", "compare", "-f", "raw", "-F", "qcow2", "source.raw", "back.qcow2"]
        assert subprocess.run(compare, cwd=place, capture_output=True).returncode == 0

    def test_the_system_on_a_stored_disk_is_told(self, engine: Engine, place: Path) -> None:
        made = make_disk(place / "debian.raw", root_of(place / "root"))
        stored = engine.ingest(uuid4(), FileSource(made), format="raw", work=TestWork())
        found = engine.system_on(stored.ref)
        assert (found.os_id, found.os_version) == ("debian", "12")
        assert engine.system_on(stored_image(engine, place).ref).os_id == ""
        engine.delete(stored.ref, work=TestWork())
        with pytest.raises(NotFound):
            engine.system_on(stored.ref)

    def test_an_iso_is_stored_byte_by_byte(self, engine: Engine, content: Content, place: Path) -> None:
        (place / "source.iso").write_bytes(b"iso" * MIB)
        stored = engine.ingest(uuid4(), FileSource(place / "source.iso"), format="iso", work=TestWork())
        assert stored.format == "iso"
        assert stored.size_bytes == stored.virtual_size_bytes == 3 * MIB
        assert is_checksum_of(stored.checksum, b"iso" * MIB)
        assert content(stored.ref, 1)[:4] == b"sois"

    def test_an_iso_whose_checksum_is_known_is_kept_as_it_is(
        self, engine: Engine, content: Content, place: Path
    ) -> None:
        path, known = place / "source.iso", hashlib.sha256(b"iso").hexdigest()
        path.write_bytes(b"iso")
        stored = engine.ingest(uuid4(), FileSource(path, known), format="iso", work=TestWork())
        path.unlink()
        assert is_checksum_of(stored.checksum, b"iso")
        assert stored.size_bytes == 3
        assert content(stored.ref) == b"iso"

    def test_storing_again_ends_with_one_disk(self, engine: Engine, place: Path) -> None:
        source, disk_id = FileSource(tiny_disk(place / "source.raw")), uuid4()
        first = engine.ingest(disk_id, source, format="raw", work=TestWork())
        second = engine.ingest(disk_id, source, format="raw", work=TestWork())
        assert engine.inventory().stored == {second.ref}
        assert second.checksum == first.checksum

    def test_the_checksum_of_a_stored_disk_can_be_verified(
        self, engine: Engine, content: Content, place: Path
    ) -> None:
        stored = stored_image(engine, place)
        assert is_checksum_of(stored.checksum, content(stored.ref))
        assert engine.verify(stored.ref, stored.checksum, work=TestWork())
        algorithm, _colon, digits = stored.checksum.partition(":")
        assert not engine.verify(stored.ref, f"{algorithm}:{'0' * len(digits)}", work=TestWork())

    def test_it_says_which_system_disks_rest_on_a_stored_disk(self, engine: Engine, place: Path) -> None:
        """Whether they do is the engine's affair; those it names are those that exist."""
        source, other = stored_image(engine, place), stored_image(engine, place)
        server = engine.create_server(server_spec(), source.ref, work=TestWork())
        assert engine.resting_on(source.ref) <= {server.disks[0].ref} <= engine.inventory().disks
        assert not engine.resting_on(other.ref)
        engine.delete(source.ref, work=TestWork())
        with pytest.raises(NotFound):
            engine.resting_on(source.ref)

    def test_a_cancelled_storing_leaves_nothing(self, engine: Engine, place: Path) -> None:
        source, work = FileSource(tiny_disk(place / "source.raw")), TestWork(on_report=stop)
        with pytest.raises(Stopped):
            engine.ingest(uuid4(), source, format="raw", work=work)
        engine.sweep(work.token)
        assert nothing_in(engine)

    @pytest.mark.parametrize("number", [1, 2])
    def test_work_that_was_taken_over_leaves_nothing(self, engine: Engine, place: Path, number: int) -> None:
        source, work = FileSource(tiny_disk(place / "source.raw")), TestWork(on_hold=stop_at(number))
        with pytest.raises(Stopped):
            engine.ingest(uuid4(), source, format="raw", work=work)
        engine.sweep(work.token)
        assert nothing_in(engine)

    def test_late_work_does_not_touch_what_its_successor_made(self, engine: Engine, place: Path) -> None:
        source, disk_id = FileSource(tiny_disk(place / "source.raw")), uuid4()
        kept = []

        def overtaken(number: int) -> None:
            if number == 2:
                kept.append(engine.ingest(disk_id, source, format="raw", work=TestWork()))
                raise Stopped

        with pytest.raises(Stopped):
            engine.ingest(disk_id, source, format="raw", work=TestWork(on_hold=overtaken))
        assert engine.inventory().stored == {kept[0].ref}
        assert engine.verify(kept[0].ref, kept[0].checksum, work=TestWork())

    def test_a_corrupt_file_is_refused_and_leaves_nothing(self, engine: Engine, place: Path) -> None:
        (place / "bad.qcow2").write_bytes(b"QFI\xfb" + bytes(MIB))
        with pytest.raises(BadImage) as refusal:
            engine.ingest(uuid4(), FileSource(place / "bad.qcow2"), format="qcow2", work=TestWork())
        assert refusal.value.code == "corrupt"
        assert nothing_in(engine)

    def test_what_is_missing_is_not_found_but_deleted(self, engine: Engine) -> None:
        for ref in (f"{uuid4()}.t1.qcow2", "", "../../etc/passwd", str(uuid4())):
            with pytest.raises(NotFound):
                engine.open(ref)
            engine.delete(ref, work=TestWork())
            engine.delete_disk(ref, work=TestWork())
            engine.delete_server(ref, work=TestWork())
            assert state_of(engine, ref).power is Power.MISSING

    # copies with another key: in contract_encryption
    def test_it_says_how_much_space_there_is_or_that_nobody_knows(self, engine: Engine) -> None:
        space = engine.free_space()
        assert space is None or 0 < space.free_bytes <= space.total_bytes

    @by("encryption")
    def test_what_is_missing_cannot_be_copied(self, engine: Engine) -> None:
        for ref in (f"{uuid4()}.t1.qcow2", "", "../../etc/passwd"):
            with pytest.raises(NotFound):
                engine.copy(uuid4(), ref, work=TestWork(), new_key=Key(uuid4(), bytes))
        assert nothing_in(engine)

    # exports
    @pytest.mark.parametrize("format", ["qcow2", "vmdk", "vhd", "raw", "stored"])
    def test_what_is_exported_has_the_content_of_the_disk_bit_for_bit(
        self, engine: Engine, place: Path, format: str
    ) -> None:
        """An odd size: geometries of old formats do not know it."""
        source = tiny_disk(place / "source.raw", size_bytes=5 * MIB + 512 * 3)
        stored = engine.ingest(uuid4(), FileSource(source), format="raw", work=TestWork())
        work = TestWork()
        made = engine.export(stored.ref, FileSink(place / "out"), format=format, work=work)
        engine.delete(stored.ref, work=TestWork())
        assert made.sha256 == hashlib.sha256((place / "out").read_bytes()).hexdigest()
        assert made.size_bytes == (place / "out").stat().st_size
        assert told(engine, work, made.size_bytes)
        driver = {"vhd": "vpc", "stored": "qcow2"}.get(format, format)
        compare = ["qemu-img", "compare", "-f", "raw", "-F", driver, "source.raw", "out"]
        assert subprocess.run(compare, cwd=place, capture_output=True).returncode == 0
        described = ["qemu-img", "info", "--output=json", "-f", driver, "out"]
        size = json.loads(subprocess.run(described, cwd=place, capture_output=True).stdout)["virtual-size"]
        assert size == source.stat().st_size
        assert nothing_in(engine)

    def test_what_is_exported_goes_into_any_sink(self, engine: Engine, place: Path) -> None:
        source = tiny_disk(place / "source.raw")
        stored = engine.ingest(uuid4(), FileSource(source), format="raw", work=TestWork())
        sink = Pipe()
        made = engine.export(stored.ref, sink, format="raw", work=TestWork())
        assert sink.content == source.read_bytes()
        assert made.sha256 == hashlib.sha256(sink.content).hexdigest()

    def test_a_disk_can_be_exported_again(self, engine: Engine, place: Path) -> None:
        stored, sink = stored_image(engine, place), FileSink(place / "out")
        engine.export(stored.ref, sink, format="stored", work=TestWork())
        engine.export(stored.ref, sink, format="raw", work=TestWork())
        assert (place / "out").stat().st_size == 4 * MIB
        assert engine.verify(stored.ref, stored.checksum, work=TestWork())

    @pytest.mark.parametrize("format", ["raw", "stored"])
    @pytest.mark.parametrize("ended", [{"on_report": stop}, {"on_hold": stop_at(1)}, {"on_hold": stop_at(2)}])
    def test_an_export_that_is_ended_leaves_nothing(
        self, engine: Engine, place: Path, format: str, ended: dict[str, object]
    ) -> None:
        stored = stored_image(engine, place)
        with pytest.raises(Stopped):
            engine.export(stored.ref, FileSink(place / "out"), format=format, work=TestWork(**ended))
        assert not (place / "out").exists()
        assert engine.inventory().scraps == frozenset()
        assert engine.verify(stored.ref, stored.checksum, work=TestWork())

    @pytest.mark.parametrize("format", ["raw", "stored"])
    def test_what_is_missing_cannot_be_exported(self, engine: Engine, place: Path, format: str) -> None:
        for ref in (f"{uuid4()}.t1.qcow2", "", "../../etc/passwd"):
            with pytest.raises(NotFound):
                engine.export(ref, FileSink(place / "out"), format=format, work=TestWork())
        assert not (place / "out").exists()

    @pytest.mark.parametrize("format", ["zvhd", "iso", "", "qcow2,backing_file=/etc/passwd"])
    def test_other_formats_are_not_written(self, engine: Engine, place: Path, format: str) -> None:
        with pytest.raises(Unsupported):
            engine.export(
                stored_image(engine, place).ref, FileSink(place / "out"), format=format, work=TestWork()
            )

    # disks
    def test_making_a_disk_again_ends_with_one(self, engine: Engine) -> None:
        disk_id = uuid4()
        engine.create_disk(disk_id, 64 * MIB, work=TestWork())
        ref = engine.create_disk(disk_id, 64 * MIB, work=TestWork())
        assert engine.inventory().disks == {ref}
        engine.delete_disk(ref, work=TestWork())
        engine.delete_disk(ref, work=TestWork())
        assert nothing_in(engine)

    def test_a_disk_grows_and_never_shrinks(self, engine: Engine) -> None:
        ref = engine.create_disk(uuid4(), 64 * MIB, work=TestWork())
        disk = DiskSpec(uuid4(), ref, 1, 64 * MIB)
        ref = engine.grow_disk(disk, 128 * MIB, work=TestWork())
        assert engine.grow_disk(replace(disk, ref=ref), 64 * MIB, work=TestWork())

    @pytest.mark.guest
    @by("grow_in_use")
    def test_disks_grow_while_their_server_runs_and_stay_so(self, engine: Engine, place: Path) -> None:
        image, data = stored_image(engine, place), DiskSpec(uuid4(), "", 1, 64 * MIB)
        data = replace(data, ref=engine.create_disk(data.id, data.size_bytes, work=TestWork()))
        spec = server_spec()
        server = engine.create_server(replace(spec, disks=(*spec.disks, data)), image.ref, work=TestWork())
        server = engine.start(server, work=TestWork())
        for disk in server.disks:
            engine.grow_disk(disk, disk.size_bytes + 64 * MIB, server=server, work=TestWork())
            engine.grow_disk(disk, disk.size_bytes, server=server, work=TestWork())
        engine.stop(server.ref, graceful_s=0, work=TestWork())
        for disk in server.disks:
            engine.grow_disk(disk, disk.size_bytes + 128 * MIB, server=server, work=TestWork())
        assert state_of(engine, engine.start(server, work=TestWork())).power is Power.RUNNING

    @pytest.mark.guest
    def test_a_disk_the_guest_does_not_let_go_of_stays(
        self, engine: Engine, place: Path, impatient: None
    ) -> None:
        """A boot sector knows nothing of disks that come and go."""
        server = engine.create_server(server_spec(), stored_image(engine, place).ref, work=TestWork())
        disk = DiskSpec(uuid4(), engine.create_disk(uuid4(), 64 * MIB, work=TestWork()), 1, 64 * MIB)
        server = engine.start(server, work=TestWork())
        for _ in range(2):
            disk = replace(disk, ref=engine.attach(server, disk, work=TestWork()))
        with pytest.raises(Conflict) as refusal:
            engine.detach(server, disk, work=TestWork())
        assert refusal.value.code == "guest-holds-disk"
        engine.stop(server.ref, graceful_s=0, work=TestWork())
        engine.detach(server, disk, work=TestWork())
        engine.delete_disk(disk.ref, work=TestWork())

    # servers
    def test_making_a_server_again_ends_with_one(self, engine: Engine, place: Path) -> None:
        image, spec = stored_image(engine, place), server_spec()
        engine.create_server(spec, image.ref, work=TestWork())
        server = engine.create_server(spec, image.ref, work=TestWork())
        assert engine.inventory().servers == {server.ref}
        assert engine.inventory().disks == {server.disks[0].ref}
        assert state_of(engine, server.ref).reason in ("never-started", "")

    @pytest.mark.parametrize("number", [1, 2])
    def test_a_server_whose_work_was_taken_over_is_not_there(
        self, engine: Engine, place: Path, number: int
    ) -> None:
        image = stored_image(engine, place)
        with pytest.raises(Stopped):
            engine.create_server(server_spec(), image.ref, work=TestWork(on_hold=stop_at(number)))
        assert not engine.inventory().servers

    def test_a_server_late_work_made_twice_stays_its_successors(self, engine: Engine, place: Path) -> None:
        image, spec = stored_image(engine, place), server_spec()
        kept = []

        def overtaken(number: int) -> None:
            if number == 2:
                kept.append(engine.create_server(spec, image.ref, work=TestWork()))
                raise Stopped

        with pytest.raises(Stopped):
            engine.create_server(spec, image.ref, work=TestWork(on_hold=overtaken))
        assert engine.inventory().servers == {kept[0].ref}
        assert engine.inventory().disks == {kept[0].disks[0].ref}

    def test_a_server_needs_its_images_bytes(self, engine: Engine) -> None:
        with pytest.raises(NotFound):
            engine.create_server(server_spec(), f"{uuid4()}.t1.qcow2", work=TestWork())

    def test_a_system_disk_is_not_smaller_than_its_image(self, engine: Engine, place: Path) -> None:
        image, spec = stored_image(engine, place), server_spec(disks=(DiskSpec(uuid4(), "", 0, MIB),))
        with pytest.raises(Conflict) as refusal:
            engine.create_server(spec, image.ref, work=TestWork())
        assert refusal.value.code == "system-disk-too-small"
        assert not engine.inventory().servers

    @pytest.mark.guest
    def test_a_server_starts_stops_and_starts_again(self, engine: Engine, place: Path) -> None:
        image = stored_image(engine, place, "HELLO")
        server = engine.create_server(server_spec(), image.ref, work=TestWork())
        engine.delete(image.ref, work=TestWork())
        server = engine.start(server, work=TestWork())
        begun = engine.uses([server.ref], limit_s=10)
        server = engine.start(server, work=TestWork())
        assert state_of(engine, server.ref).power is Power.RUNNING
        assert [use.start for use in engine.uses([server.ref], limit_s=10).values()] == [
            use.start for use in begun.values()
        ]
        assert engine.inventory().running == {server.ref}
        wait_for(engine, server.ref, "HELLO")
        assert engine.stop(server.ref, graceful_s=0, work=TestWork()).power is Power.STOPPED
        assert engine.stop(server.ref, graceful_s=0, work=TestWork()).power is Power.STOPPED
        assert not engine.inventory().running
        mark = state_of(engine, server.ref).console
        server = engine.start(server, work=TestWork())
        wait_for(engine, server.ref, "HELLO", after=mark)
        mark = state_of(engine, server.ref).console
        server = engine.reboot(server, graceful_s=0, work=TestWork())
        assert state_of(engine, server.ref).power is Power.RUNNING
        wait_for(engine, server.ref, "HELLO", after=mark)

    @pytest.mark.guest
    @by("resize")
    def test_a_stopped_server_is_resized_and_starts_with_its_new_size(
        self, engine: Engine, place: Path
    ) -> None:
        server = engine.create_server(
            server_spec(), stored_image(engine, place, "HELLO").ref, work=TestWork()
        )
        larger = replace(server, vcpus=2, memory_mb=server.memory_mb + 32)
        larger = engine.resize(engine.resize(larger, work=TestWork()), work=TestWork())
        larger = engine.start(larger, work=TestWork())
        wait_for(engine, larger.ref, "HELLO")
        with pytest.raises(Conflict) as refusal:
            engine.resize(larger, work=TestWork())
        assert refusal.value.code == "server-running"
        mark = engine.stop(larger.ref, graceful_s=0, work=TestWork()).console
        small = replace(larger, vcpus=server.vcpus, memory_mb=server.memory_mb)
        small = engine.start(engine.resize(small, work=TestWork()), work=TestWork())
        wait_for(engine, small.ref, "HELLO", after=mark)
        with pytest.raises(NotFound):
            engine.resize(replace(server, ref=str(uuid4())), work=TestWork())

    @pytest.mark.guest
    def test_what_running_servers_use_is_counted_from_each_start(self, engine: Engine, place: Path) -> None:
        path = counting_disk(place / "disk.raw")
        image = engine.ingest(uuid4(), FileSource(path), format="raw", work=TestWork())
        busy, still = (engine.create_server(server_spec(), image.ref, work=TestWork()) for _ in range(2))
        refs = (busy.ref, still.ref, str(uuid4()))
        assert engine.uses(refs, limit_s=10) == {}
        busy = engine.start(busy, work=TestWork())
        wait_for(engine, busy.ref, "COUNTING")
        refs = (busy.ref, *refs[1:])
        first = engine.uses(refs, limit_s=10)
        if not engine.capabilities().measures:
            assert first == {}
            return
        assert set(first) == {busy.ref}
        then = first[busy.ref]

        def has_gone_on() -> bool:
            now = engine.uses(refs, limit_s=10)[busy.ref]
            return (
                now.written_bytes > then.written_bytes and now.run_s > then.run_s and now.cpu_s > then.cpu_s
            )

        wait_until(has_gone_on)
        now = engine.uses(refs, limit_s=10)[busy.ref]
        measured = {
            "cpu": now.cpu_s is not None, "memory": now.memory_bytes is not None, "disk": now.read_bytes is not None,
            "network": now.received_bytes is not None and now.sent_bytes is not None,
        }  # fmt: skip
        assert {name for name, is_there in measured.items() if is_there} == engine.capabilities().measures
        assert now.start == then.start
        assert now.read_bytes >= then.read_bytes > 0
        assert now.memory_bytes > 0
        busy = engine.reboot(busy, graceful_s=0, work=TestWork())
        assert engine.uses(refs, limit_s=10)[busy.ref].start != then.start

    @pytest.mark.guest
    def test_a_guest_that_does_not_power_off_is_not_waited_for_once_it_is_forced(
        self, engine: Engine, place: Path
    ) -> None:
        server = engine.create_server(
            server_spec(), stored_image(engine, place, "HELLO").ref, work=TestWork()
        )
        server = engine.start(server, work=TestWork())
        answers = iter([False, False, True])
        server = engine.reboot(server, graceful_s=3600, is_forced=lambda: next(answers), work=TestWork())
        assert state_of(engine, server.ref).power is Power.RUNNING
        assert next(answers, "asked") == "asked" or not engine.capabilities().stop_grace
        assert (
            engine.stop(server.ref, graceful_s=3600, is_forced=lambda: True, work=TestWork()).power
            is Power.STOPPED
        )

    @pytest.mark.guest
    def test_work_that_waits_for_a_guest_says_that_it_is_alive_and_may_end_meanwhile(
        self, engine: Engine, place: Path
    ) -> None:
        image = stored_image(engine, place, "HELLO")
        server = engine.create_server(server_spec(), image.ref, work=TestWork())
        server = engine.start(server, work=TestWork())
        for verb, what in ((engine.stop, server.ref), (engine.reboot, server)):
            work = TestWork(on_report=stop)
            with pytest.raises(Stopped):
                verb(what, graceful_s=3600, work=work)
            assert [done for done, _total in work.reports] == [0]
            assert state_of(engine, server).power is Power.RUNNING
        assert engine.stop(server.ref, graceful_s=0, work=TestWork()).power is Power.STOPPED

    @pytest.mark.guest
    def test_what_servers_do_is_told_in_one_call(self, engine: Engine, place: Path) -> None:
        image, gone = stored_image(engine, place, "HELLO"), str(uuid4())
        one, other = (engine.create_server(server_spec(), image.ref, work=TestWork()) for _ in range(2))
        one = engine.start(one, work=TestWork())
        found = {ref: state.power for ref, state in engine.states([one.ref, other.ref, gone]).items()}
        assert found == {one.ref: Power.RUNNING, other.ref: Power.STOPPED, gone: Power.MISSING}
        assert engine.states([]) == {}

    @pytest.mark.guest
    def test_a_guest_that_ends_itself_is_stopped(self, engine: Engine, place: Path) -> None:
        image = stored_image(engine, place, "BYE", end="poweroff")
        server = engine.create_server(server_spec(), image.ref, work=TestWork())
        server = engine.start(server, work=TestWork())
        wait_until(lambda: state_of(engine, server.ref).power is Power.STOPPED)
        assert state_of(engine, server.ref).reason in ("guest-shutdown", "")

    @pytest.mark.guest
    def test_a_deleted_server_leaves_nothing_even_when_it_ran(self, engine: Engine, place: Path) -> None:
        image = stored_image(engine, place)
        server = engine.create_server(server_spec(), image.ref, work=TestWork())
        server = engine.start(server, work=TestWork())
        engine.delete_server(server.ref, work=TestWork())
        engine.delete(image.ref, work=TestWork())
        assert nothing_in(engine)

    @pytest.mark.guest
    def test_another_system_disk_boots_and_the_old_one_can_come_back(
        self, engine: Engine, place: Path
    ) -> None:
        old, new = stored_image(engine, place, "OLD SYSTEM"), stored_image(engine, place, "NEW SYSTEM")
        server = engine.create_server(server_spec(), old.ref, work=TestWork())
        incoming = DiskSpec(uuid4(), "", 0, GIB)
        for _ in range(2):
            changed = engine.switch_system_disk(server, incoming, new.ref, work=TestWork())
        assert changed.disks[0].id == incoming.id
        assert engine.inventory().disks == {server.disks[0].ref, changed.disks[0].ref}
        changed = engine.start(changed, work=TestWork())
        assert "OLD" not in wait_for(engine, changed.ref, "NEW SYSTEM")
        with pytest.raises(Conflict):
            engine.delete_disk(changed.disks[0].ref, work=TestWork())
        with pytest.raises(Conflict) as refusal:
            engine.switch_system_disk(changed, server.disks[0], work=TestWork())
        assert refusal.value.code == "server-running"
        engine.stop(changed.ref, graceful_s=0, work=TestWork())
        for _ in range(2):
            former = engine.switch_system_disk(changed, server.disks[0], work=TestWork())
        assert [disk.id for disk in former.disks] == [disk.id for disk in server.disks]
        former = engine.start(former, work=TestWork())
        wait_for(engine, former.ref, "OLD SYSTEM")
        engine.delete_disk(changed.disks[0].ref, work=TestWork())
        assert engine.inventory().disks == {former.disks[0].ref}

    @pytest.mark.guest
    def test_a_console_grows_by_what_its_guest_writes(self, engine: Engine, place: Path) -> None:
        server = engine.create_server(server_spec(), stored_image(engine, place).ref, work=TestWork())
        assert state_of(engine, server.ref).console.offset == 0
        server = engine.start(server, work=TestWork())
        wait_for(engine, server.ref, "TINY GUEST")
        stopped = engine.stop(server.ref, graceful_s=0, work=TestWork())
        assert stopped.console.offset >= len("TINY GUEST")
        server = engine.start(server, work=TestWork())
        wait_for(engine, server.ref, "TINY GUEST", after=stopped.console)
        grown = state_of(engine, server.ref).console.since(stopped.console)
        assert "TINY GUEST" in engine.console_log(server.ref, limit_bytes=grown)

    @pytest.mark.guest
    @by("screen")
    def test_the_screen_is_a_picture_while_the_server_runs(self, engine: Engine, place: Path) -> None:
        server = engine.create_server(server_spec(), stored_image(engine, place).ref, work=TestWork())
        with pytest.raises(Conflict):
            engine.screen(server.ref)
        assert engine.console_log(server.ref) == ""
        server = engine.start(server, work=TestWork())
        assert engine.screen(server.ref).startswith(PNG)

    @pytest.mark.guest
    @by("screen")
    def test_the_screen_can_be_reached_while_the_server_runs(self, engine: Engine, place: Path) -> None:
        server = engine.create_server(server_spec(), stored_image(engine, place).ref, work=TestWork())
        with pytest.raises(Conflict):
            engine.console_endpoint(server.ref)
        server = engine.start(server, work=TestWork())
        with reached(engine.console_endpoint(server.ref)) as line:
            assert line.hear(12) == b"RFB 003.008\n"
        engine.delete_server(server.ref, work=TestWork())
        with pytest.raises(NotFound):
            engine.console_endpoint(server.ref)

    @pytest.mark.guest
    @by("serial")
    def test_a_serial_console_can_be_typed_at_while_its_log_goes_on(
        self, engine: Engine, place: Path
    ) -> None:
        disk = FileSource(answering_disk(place / "answering.raw"))
        image = engine.ingest(uuid4(), disk, format="raw", work=TestWork())
        server = engine.create_server(server_spec(), image.ref, work=TestWork())
        with pytest.raises(Conflict):
            engine.serial_endpoint(server.ref)
        server = engine.start(server, work=TestWork())
        for times in (1, 2):
            wait_for(engine, server.ref, "HAL")
            with reached(engine.serial_endpoint(server.ref)) as line:
                line.send(b"HAL")
                assert line.hear(3) == b"IBM"
            wait_for(engine, server.ref, "IBM", times=times)
        engine.delete_server(server.ref, work=TestWork())
        with pytest.raises(NotFound):
            engine.serial_endpoint(server.ref)

    @pytest.mark.guest
    def test_a_cd_boots_until_the_system_disk_does(self, engine: Engine, place: Path) -> None:
        source = FileSource(tiny_cd(place / "cd.iso", "FROM CD"))
        iso = engine.ingest(uuid4(), source, format="iso", work=TestWork())
        spec = server_spec(cd_ref=iso.ref)
        engine.create_server(spec, work=TestWork())
        server = engine.create_server(spec, work=TestWork())
        assert engine.inventory().servers == {server.ref}
        assert engine.resting_on(iso.ref) <= {server.disks[0].ref}
        engine.delete(iso.ref, work=TestWork())
        server = engine.start(server, work=TestWork())
        wait_for(engine, server.ref, "FROM CD")
        mark = engine.stop(server.ref, graceful_s=0, work=TestWork()).console
        image = stored_image(engine, place, "FROM DISK")
        changed = engine.switch_system_disk(server, DiskSpec(uuid4(), "", 0, GIB), image.ref, work=TestWork())
        changed = engine.start(changed, work=TestWork())
        assert "FROM CD" not in wait_for(engine, changed.ref, "FROM DISK", after=mark)

    @pytest.mark.guest
    @by("tray")
    def test_an_iso_comes_into_the_tray_and_leaves_it_whether_the_server_runs_or_not(
        self, engine: Engine, place: Path
    ) -> None:
        source = FileSource(tiny_cd(place / "cd.iso"))
        iso = engine.ingest(uuid4(), source, format="iso", work=TestWork())
        server = engine.create_server(server_spec(), stored_image(engine, place).ref, work=TestWork())
        iso_ref = engine.mount_iso(server, iso.ref, work=TestWork())
        mounted = replace(server, iso_ref=iso_ref)
        mounted = engine.start(mounted, work=TestWork())
        for _ in range(2):
            assert engine.mount_iso(mounted, iso.ref, work=TestWork()) == iso_ref
        assert not engine.resting_on(iso.ref)
        engine.delete(iso.ref, work=TestWork())
        mounted = engine.reboot(mounted, graceful_s=0, work=TestWork())
        for _ in range(2):
            engine.eject_iso(mounted, work=TestWork())
        assert state_of(engine, server.ref).power is Power.RUNNING
        server = engine.reboot(server, graceful_s=0, work=TestWork())
        assert engine.inventory().strays == frozenset()

    @by("tray")
    def test_only_an_iso_that_is_there_can_be_mounted(self, engine: Engine, place: Path) -> None:
        server = engine.create_server(server_spec(), work=TestWork())
        with pytest.raises(Unsupported):
            engine.mount_iso(server, stored_image(engine, place).ref, work=TestWork())
        with pytest.raises(NotFound):
            engine.mount_iso(server, f"{uuid4()}.t1.iso", work=TestWork())
        engine.eject_iso(server, work=TestWork())
        with pytest.raises(NotFound):
            engine.start(replace(server, iso_ref=f"{server.ref}/tray.iso"), work=TestWork())

    def test_a_server_needs_the_bytes_of_its_cd(self, engine: Engine) -> None:
        with pytest.raises(NotFound):
            engine.create_server(server_spec(cd_ref=f"{uuid4()}.t1.iso"), work=TestWork())
        assert nothing_in(engine)

    @pytest.mark.guest
    def test_a_server_that_does_not_fit_in_memory_is_not_started(self, engine: Engine, place: Path) -> None:
        if not (available := engine.capabilities().memory_mb):
            return
        image = stored_image(engine, place)
        server = engine.create_server(server_spec(), image.ref, work=TestWork())
        server = engine.start(server, work=TestWork())
        large = engine.create_server(server_spec(memory_mb=available), image.ref, work=TestWork())
        with pytest.raises(Unavailable) as refusal:
            large = engine.start(large, work=TestWork())
        assert refusal.value.code == "no-guest-memory"
        assert state_of(engine, large.ref).power is Power.STOPPED

    @pytest.mark.guest
    @pytest.mark.slow(reason="a firmware looks for what it may start")
    def test_a_server_with_secure_boot_starts_nothing_unsigned_or_is_refused(
        self, engine: Engine, place: Path
    ) -> None:
        """With a TPM, or not where there are none."""
        disk = FileSource(tiny_uefi_disk(place / "source.raw", "NOT SIGNED"))
        image = engine.ingest(uuid4(), disk, format="raw", work=TestWork())
        there = engine.capabilities()
        features = {"secure_boot": True, "tpm": "x86" in there.tpm}
        spec = server_spec(boot_mode="uefi", memory_mb=256, **features)
        server = engine.create_server(spec, image.ref, work=TestWork())
        if "x86" in there.secure_boot:
            server = engine.start(server, work=TestWork())
            assert "NOT SIGNED" not in wait_for(engine, server.ref, "Access Denied")
        else:
            with pytest.raises(Unsupported):
                server = engine.start(server, work=TestWork())

    def test_attaching_to_a_stopped_server_waits_for_its_start(self, engine: Engine, place: Path) -> None:
        server = engine.create_server(server_spec(), stored_image(engine, place).ref, work=TestWork())
        disk = DiskSpec(uuid4(), engine.create_disk(uuid4(), 64 * MIB, work=TestWork()), 1, 64 * MIB)
        engine.attach(server, disk, work=TestWork())
        engine.detach(server, disk, work=TestWork())
