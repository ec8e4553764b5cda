"""What is known of a server's process: a small file beside it, and /proc.

Orderly ends remove QEMU's own pid file, a kill leaves it: that tells how a guest ended.
"""

import contextlib
import json
import os
import select
import signal
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from imsconsole.core.errors import NoSpace
from imsconsole.core.folders import remove
from imsconsole.core.full_disk import raises_no_space
from imsconsole.engine.local.store import RUN
from imsconsole.engine.types import Address, ConsoleMark, Power, ServerState

STATE_FILE = "state.json"
SERIAL_LOG = "serial.log"  # in the server's run folder, written by QEMU
PID_FILE = "pid"  # in the server's run folder, written by QEMU
LOOPBACK = "127.0.0.1"  # where QEMU forwards the guest's port 22
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
GONE_LIMIT_S = 10.0
EXITING = 0x4  # the kernel's PF_EXITING


@dataclass(frozen=True)
class Recorded:
    """What we noted when we started or ended a guest."""

    running: bool = False
    pid: int = 0
    boot_id: str = ""
    memory_mb: int = 0
    ssh_port: int = 0
    system_ref: str = ""
    stopping: bool = False
    reason: str = "never-started"
    since: str = ""


def now() -> str:
    return datetime.now(UTC).isoformat()


def this_boot() -> str:
    return BOOT_ID.read_text().strip()


def read_state(folder: Path) -> Recorded:
    try:
        number = os.open(folder / STATE_FILE, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return Recorded()
    with open(number) as stream:
        try:
            return Recorded(**json.load(stream))
        except (ValueError, TypeError):
            return Recorded(reason="record-lost")


def write_state(folder: Path, state: Recorded) -> None:
    """Only under the server's lock: what an interrupted write left is written over. Raises OSError."""
    new = folder / f"{STATE_FILE}.new"
    with new.open("w") as stream:
        json.dump(asdict(state), stream)
    new.rename(folder / STATE_FILE)


def note(folder: Path, state: Recorded) -> bool:
    """Write down what can be found out again, unless the disk is full; whether it was written.

    So a guest can be looked at and stopped on a full disk, and room be made.
    """
    with contextlib.suppress(NoSpace), raises_no_space():
        write_state(folder, state)
        return True
    return False


def is_guest(pid: int, server: UUID | str) -> bool:
    """Whether the process runs this server's guest; a zombie and a re-used number do not."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        status = _status(pid)
    except OSError:
        return False
    return f"guest={server}".encode() in command and status[0] not in "ZX"


def wait_gone(pid: int) -> None:
    """Let a process that is ending let go of its disks: one that was killed has no command line any more before that.

    A number that another process has by now is not waited for, nor anything for ever.
    """
    with contextlib.suppress(OSError):  # it is gone
        number = os.pidfd_open(pid)
        try:
            if int(_status(pid)[6]) & EXITING:
                last_thread = select.poll()
                last_thread.register(number, select.POLLIN)
                last_thread.poll(GONE_LIMIT_S * 1000)
        finally:
            os.close(number)


def _status(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the process's state on. Raises OSError."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def find_guest(folder: Path, recorded: Recorded) -> int | None:
    """The process of a server's guest.

    Looks through all of /proc only when the worker that started it was killed before it noted the
    number. The boot does not count: in a container it may be another to the units than to a shell.
    """
    if not recorded.running:
        return None
    if recorded.pid:
        return recorded.pid if is_guest(recorded.pid, folder.name) else None
    return next((pid for pid in _processes() if is_guest(pid, folder.name)), None)


def _processes() -> list[int]:
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def describe(folder: Path, recorded: Recorded) -> ServerState:
    """What a server is doing, by its record and its process. Writes nothing."""
    if pid := find_guest(folder, recorded):
        ssh = Address(LOOPBACK, recorded.ssh_port) if recorded.ssh_port else None
        return ServerState(Power.RUNNING, "", _time(recorded), ssh, pid, _console(folder))
    return ServerState(Power.STOPPED, _why(folder, recorded), _time(recorded), console=_console(folder))


def note_end(folder: Path, recorded: Recorded, reason: str = "") -> Recorded:
    """Write down that the guest has ended, and why. Only under the server's lock."""
    reason = reason or _why(folder, recorded)
    ended = replace(recorded, running=False, pid=0, stopping=False, reason=reason, since=now())
    if note(folder, ended):
        remove(folder / RUN / PID_FILE)
    return ended


def _console(folder: Path) -> ConsoleMark:
    """The log goes on from start to start, until it is cut."""
    try:
        return ConsoleMark(offset=(folder / RUN / SERIAL_LOG).lstat().st_size)
    except FileNotFoundError:
        return ConsoleMark()


def _time(recorded: Recorded) -> datetime | None:
    return datetime.fromisoformat(recorded.since) if recorded.since else None


def _why(folder: Path, recorded: Recorded) -> str:
    if not recorded.running:
        return recorded.reason
    if recorded.boot_id != this_boot():
        return "host-rebooted"
    if recorded.stopping:
        return "stopped"
    return "killed" if not recorded.pid or (folder / RUN / PID_FILE).exists() else "guest-shutdown"


def kill(pid: int, server: str) -> None:
    if is_guest(pid, server):
        os.kill(pid, signal.SIGKILL)
