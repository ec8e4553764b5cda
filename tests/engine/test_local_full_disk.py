"""A disk that is full, told by the system itself: NoSpace, nothing left over, and it works once there is space."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from imsconsole.core.errors import ImsError, NoSpace
from imsconsole.core.full_disk import is_out_of_room
from imsconsole.core.sentences import sentence_of
from imsconsole.engine.local import machine
from imsconsole.engine.local.engine import LocalEngine
from imsconsole.engine.types import GIB, FileSink, FileSource, Power, ServerSpec
from tests.engine.contract import nothing_in
from tests.engine.guests import TestWork, server_spec, state_of, stored_image, tiny_disk, wait_for, wait_until
from tests.support.faults import full_disk

LIMITS = (0, 1024, 100_000, 300_000, 2_000_000)
ISO = Path("/usr/lib/grub-rescue/grub-rescue-cdrom.iso")


def until_there_is_space(verb: Callable[[], Any], check: Callable[[], None] = lambda: None) -> Iterator[Any]:
    """Try with less and more space; what each full disk said, then what came of it."""
    for limit in LIMITS:
        try:
            with full_disk(limit):
                yield verb()
                return
        except ImsError as error:
            assert sentence_of(error) != error.code  # noqa: PT017
            check()
            yield error
    yield verb()


def test_a_disk_is_stored_once_there_is_space(local: LocalEngine, place: Path) -> None:
    source = FileSource(tiny_disk(place / "source.raw"))
    disk = uuid4()

    def clean() -> None:
        assert nothing_in(local)

    *errors, stored = until_there_is_space(
        lambda: local.ingest(disk, source, format="raw", work=TestWork()), clean
    )
    assert [type(error) for error in errors] == [NoSpace] * len(LIMITS)
    assert local.verify(stored.ref, stored.checksum, work=TestWork())


def test_an_iso_is_stored_once_there_is_space(local: LocalEngine) -> None:
    def clean() -> None:
        assert nothing_in(local)

    disk = uuid4()
    *errors, stored = until_there_is_space(
        lambda: local.ingest(disk, FileSource(ISO), format="iso", work=TestWork()), clean
    )
    assert {type(error) for error in errors} == {NoSpace}
    with local.open(stored.ref) as stream:
        assert stream.read() == ISO.read_bytes()


def test_a_disk_is_exported_once_there_is_space(local: LocalEngine, place: Path) -> None:
    image, out = stored_image(local, place), place / "out"

    def clean() -> None:
        assert not local.inventory().scraps
        assert not out.exists()

    *errors, made = until_there_is_space(
        lambda: local.export(image.ref, FileSink(out), format="vmdk", work=TestWork()), clean
    )
    assert errors
    assert {type(error) for error in errors} == {NoSpace}
    assert made.size_bytes == out.stat().st_size


def test_disks_and_servers_are_made_once_there_is_space(local: LocalEngine, place: Path) -> None:
    image, spec, disk = stored_image(local, place), server_spec(), uuid4()
    before = local.inventory()

    def clean() -> None:
        assert local.inventory() == before

    *errors, _ref = until_there_is_space(lambda: local.create_disk(disk, GIB, work=TestWork()), clean)
    assert errors
    assert {type(error) for error in errors} == {NoSpace}
    before = local.inventory()
    *errors, made = until_there_is_space(lambda: local.create_server(spec, image.ref, work=TestWork()), clean)
    assert errors
    assert {type(error) for error in errors} == {NoSpace}
    assert local.inventory().servers == {made.ref}


def test_a_conversion_can_say_that_the_disk_is_full_where_no_file_takes_a_word(
    local: LocalEngine, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the file that is converted would be called corrupt."""
    source = FileSource(tiny_disk(place / "source.raw"))
    monkeypatch.setattr(tempfile, "tempdir", "/proc")
    with full_disk(100_000), pytest.raises(NoSpace):
        local.ingest(uuid4(), source, format="raw", work=TestWork())
    assert local.ingest(uuid4(), source, format="raw", work=TestWork()).checksum


@pytest.mark.guest
@pytest.mark.parametrize("boot_mode", ["bios", "uefi"])
def test_a_guest_starts_once_there_is_space(local: LocalEngine, place: Path, boot_mode: str) -> None:
    """What a start left half-written (the UEFI variables have 528 KiB) does not spoil the next."""
    image = stored_image(local, place)
    spec = local.create_server(server_spec(boot_mode=boot_mode, memory_mb=128), image.ref, work=TestWork())

    def stopped() -> None:
        assert state_of(local, spec.ref).power is Power.STOPPED
        assert not local.inventory().running

    for error in until_there_is_space(lambda: local.start(spec, work=TestWork()), stopped):
        assert not isinstance(error, ImsError) or isinstance(error, NoSpace), error
    local.stop(spec.ref, graceful_s=0, work=TestWork())
    assert state_of(local, local.start(spec, work=TestWork())).power is Power.RUNNING
    if boot_mode == "bios":
        wait_for(local, spec.ref, "TINY GUEST")


@pytest.mark.parametrize("ends", ["kill -XFSZ $$", "echo 'run/pid: No space left on device' >&2; exit 1"])
def test_a_qemu_that_ends_for_want_of_space_is_no_failure_of_its_own(tmp_path: Path, ends: str) -> None:
    (tmp_path / machine.RUN).mkdir()
    with (tmp_path / machine.ERRORS).open("wb") as errors:
        process = subprocess.Popen(["sh", "-c", ends], stderr=errors)
    with pytest.raises(NoSpace):
        machine.wait_ready(tmp_path, server_spec(), process)


def test_where_nothing_is_left_a_program_cannot_say_why_it_ended(tmp_path: Path) -> None:
    assert is_out_of_room(Path("/proc"))
    assert not is_out_of_room(tmp_path)


@pytest.mark.guest
def test_a_guest_can_be_stopped_and_deleted_on_a_full_disk(local: LocalEngine, place: Path) -> None:
    """Making room must not need room."""
    image = stored_image(local, place)
    spec: ServerSpec = local.create_server(server_spec(), image.ref, work=TestWork())
    local.start(spec, work=TestWork())
    with full_disk(0):
        local.delete(image.ref, work=TestWork())
        local.delete_server(spec.ref, work=TestWork())
    assert nothing_in(local)
    other = local.create_server(replace(server_spec()), stored_image(local, place).ref, work=TestWork())
    local.start(other, work=TestWork())
    with full_disk(0):
        assert local.stop(other.ref, graceful_s=0, work=TestWork()).power is Power.STOPPED
    assert state_of(local, other.ref).power is Power.STOPPED


@pytest.mark.guest
def test_a_disk_of_a_running_guest_that_cannot_grow_says_why(local: LocalEngine, place: Path) -> None:
    """Its tables would be larger than QEMU may write."""
    spec = local.create_server(server_spec(), stored_image(local, place).ref, work=TestWork())
    with full_disk(4_000_000):
        local.start(spec, work=TestWork())
    with pytest.raises(NoSpace):
        local.grow_disk(spec.disks[0], 500_000 * GIB, server=spec, work=TestWork())
    local.stop(spec.ref, graceful_s=0, work=TestWork())


@pytest.mark.guest
def test_how_a_guest_ended_is_known_though_it_cannot_be_noted(local: LocalEngine, place: Path) -> None:
    spec = local.create_server(server_spec(), stored_image(local, place).ref, work=TestWork())
    pid = state_of(local, local.start(spec, work=TestWork())).pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    with full_disk(0):
        wait_until(lambda: state_of(local, spec.ref).power is Power.STOPPED)
        assert state_of(local, spec.ref).reason == "killed"
    noted = state_of(local, spec.ref)
    assert (noted.reason, state_of(local, spec.ref)) == ("killed", noted)
    assert [path.name for path in place.rglob("state.json*")] == ["state.json"]
