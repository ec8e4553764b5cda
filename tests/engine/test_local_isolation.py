"""Guests and qemu-img run with few rights, within limits, and not longer than wanted."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from imsconsole.core.errors import BadImage, Interrupted, NoSpace, Unavailable
from imsconsole.core.room import Room
from imsconsole.engine.conversion.limits import GUEST_UIDS, NICENESS, Limits, run_as, was_killed, wrapped
from imsconsole.engine.conversion.qemu_img import QemuImg, failure
from imsconsole.engine.conversion.users import Users
from imsconsole.engine.local.engine import LocalEngine
from imsconsole.engine.types import GIB, MIB, FileSource
from tests.engine.guests import TestWork, server_spec, state_of, stored_image, tiny_disk, wait_until

INGEST_AND_WAIT = """
import sys, time
from pathlib import Path
from uuid import uuid4
from imsconsole.engine.local.engine import LocalEngine
from imsconsole.engine.types import FileSource

class Work:
    token = "killed-1"
    def hold(self): pass
    def report(self, done, total):
        print("working", flush=True)
        time.sleep(600)

engine = LocalEngine(Path(sys.argv[1]), memory_mb=256)
engine.ingest(uuid4(), FileSource(Path(sys.argv[2])), format="raw", work=Work())
"""


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def processes_with(word: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and word in (entry / "cmdline").read_text():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.mark.guest
def test_a_guest_runs_as_nobody_special_and_can_gain_nothing(local: LocalEngine, place: Path) -> None:
    server = local.create_server(server_spec(), stored_image(local, place).ref, work=TestWork())
    pid = state_of(local, local.start(server, work=TestWork())).pid
    status = status_of(pid or 0)
    expected = str(local._users.of(local._store.server(server.ref)).uid)
    assert status["Uid"].split() == [expected] * 4
    assert os.geteuid() != 0 or int(expected) in GUEST_UIDS
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert int(status["CapEff"], 16) == 0 or os.geteuid() != 0
    assert os.getsid(pid or 0) == pid


@pytest.mark.guest
def test_what_a_guest_writes_is_closed_to_others(local: LocalEngine, place: Path) -> None:
    server = local.create_server(server_spec(), stored_image(local, place).ref, work=TestWork())
    local.start(server, work=TestWork())
    for path in (place / "region").iterdir():
        assert not stat.S_IMODE(path.stat().st_mode) & 0o007, path
    run = place / "region" / "servers" / server.ref / "run"
    assert stat.S_IMODE(run.stat().st_mode) == 0o700


def test_a_stored_image_is_ours_and_read_only(local: LocalEngine, place: Path) -> None:
    kept = (place / "region" / "images" / stored_image(local, place).ref).stat()
    assert (kept.st_uid, stat.S_IMODE(kept.st_mode)) == (os.geteuid(), 0o444)


def test_a_private_file_of_ours_can_be_stored_and_read(local: LocalEngine, place: Path) -> None:
    (place / "closed").mkdir(mode=0o700)
    source = tiny_disk(place / "closed" / "source.raw")
    source.chmod(0o600)
    code, out, _ = local.qemu_img(["info", "--output=json", "-f", "raw", str(source)])
    assert (code, '"virtual-size": 4194304' in out) == (0, True)
    assert (
        local.ingest(uuid4(), FileSource(source), format="raw", work=TestWork()).virtual_size_bytes == 4 * MIB
    )
    assert not stat.S_IMODE(source.stat().st_mode) & 0o007


def test_a_program_is_within_its_limits(place: Path) -> None:
    limits = Limits(memory_bytes=GIB, cpu_s=7, file_bytes=MIB)
    command = wrapped(["cat", "/proc/self/limits", "/proc/self/status"], run_as(), limits=limits)
    niceness = wrapped(["nice"], run_as(), limits=limits)
    others = os.getpriority(os.PRIO_PROCESS, 0)
    assert int(subprocess.run(niceness, capture_output=True, check=True).stdout) == min(others + NICENESS, 19)
    seen = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for line in (
        "cpu time 7 12 seconds",
        f"file size {MIB}",
        f"address space {GIB}",
        "core file size 0",
        f"stack size {MIB}",
    ):
        assert line in " ".join(seen.split())
    assert "NoNewPrivs: 1 Seccomp: 0" in " ".join(seen.split())


def test_only_what_somebody_else_did_is_a_kill() -> None:
    ends = {
        number: was_killed(-number)
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGXCPU, signal.SIGABRT)
    }
    assert ends == {signal.SIGKILL: True, signal.SIGTERM: True, signal.SIGXCPU: False, signal.SIGABRT: False}
    assert not was_killed(1)


@pytest.mark.parametrize(
    ("number", "error"),
    [(signal.SIGKILL, Interrupted), (signal.SIGXCPU, BadImage), (signal.SIGABRT, Unavailable)],
)
def test_a_conversion_tells_a_kill_from_its_limits(number: signal.Signals, error: type[Exception]) -> None:
    assert type(failure(-number, "", "qcow2")) is error
    assert type(failure(1, "prlimit: failed to set the AS resource limit", "qcow2")) is Unavailable


def test_a_full_disk_is_no_space_and_leaves_nothing(place: Path) -> None:
    engine = LocalEngine(place / "region", memory_mb=256, file_bytes=MIB)
    source = FileSource(tiny_disk(place / "source.raw"))
    with pytest.raises(NoSpace):
        engine.ingest(uuid4(), source, format="raw", work=TestWork())
    assert not engine.inventory().scraps
    assert not engine.inventory().stored


def test_a_folder_that_guests_cannot_reach_is_named(place: Path) -> None:
    (place / "closed").mkdir(mode=0o700)
    if not run_as().switch:
        assert LocalEngine(place / "closed" / "region", memory_mb=256).inventory().servers == frozenset()
        return
    with pytest.raises(Unavailable) as refusal:
        LocalEngine(place / "closed" / "region", memory_mb=256)
    assert refusal.value.code == "data-dir-not-traversable"
    assert refusal.value.values == {"path": str(place / "closed" / "region")}


@pytest.mark.slow(reason="a worker loads the console, converts a disk and is killed")
def test_a_killed_worker_takes_its_qemu_img_along_and_leaves_only_scrap(place: Path) -> None:
    source = tiny_disk(place / "source.raw", size_bytes=64 * MIB)
    region = place / "region"
    worker = subprocess.Popen(
        [sys.executable, "-c", INGEST_AND_WAIT, str(region), str(source)], stdout=subprocess.PIPE
    )
    with worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"working\n"
        worker.send_signal(signal.SIGKILL)
    engine = LocalEngine(region, memory_mb=256)
    assert engine.inventory().scraps == {"killed-1"}
    assert not engine.inventory().stored
    engine.sweep("killed")
    assert not engine.inventory().scraps


def test_qemu_img_dies_with_the_process_that_started_it(place: Path) -> None:
    fifo = place / "never"
    os.mkfifo(fifo)
    fifo.chmod(0o666)
    script = (
        "import subprocess, sys; from imsconsole.engine.conversion.limits import *;"
        "subprocess.run(wrapped(['cat', sys.argv[1]], run_as(), dies_with_us=True))"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(fifo)])
    with parent:
        wait_until(lambda: any(status_of(pid)["Name"] == "cat" for pid in processes_with(str(fifo))))
        parent.kill()
    wait_until(lambda: not processes_with(str(fifo)))


@pytest.mark.slow(reason="a conversion runs until it is cancelled")
def test_a_cancelled_conversion_ends_its_process(place: Path) -> None:
    tiny_disk(place / "source.raw", size_bytes=64 * MIB).chmod(0o644)
    place.chmod(0o777)

    def cancel(percent: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        QemuImg(Users(place / "uids", run_as(), GUEST_UIDS), Room(place / "room")).convert(
            place / "source.raw", "raw", place / "target", size_bytes=64 * MIB, progress=cancel
        )
    assert not [pid for pid in processes_with("qemu-img") if f"{place}" in os.readlink(f"/proc/{pid}/cwd")]
