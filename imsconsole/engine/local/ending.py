"""How the guest of a server ends: asked by its power button, or with its power cut."""

import contextlib
import time
from pathlib import Path

from imsconsole.core.errors import ImsError
from imsconsole.engine.local import machine
from imsconsole.engine.local.qmp import qmp
from imsconsole.engine.local.state import find_guest, is_guest, kill, read_state, wait_gone
from imsconsole.engine.types import Asked, Work

QUIT_LIMIT_S = 10.0
PRESS_EVERY_S = 5.0
ASK_EVERY_S = 1.0  # whether it is forced by now
POLL_S = 0.05


def shut_down(folder: Path, pid: int, limit_s: float, is_forced: Asked, work: Work) -> bool:
    """Press the power button until the guest has ended; one that still boots misses a press."""
    began, presses = time.monotonic(), 0
    while (passed := time.monotonic() - began) < limit_s and not is_forced():
        work.report(0, 0)
        if passed >= presses * PRESS_EVERY_S:
            presses += 1
            with contextlib.suppress(ImsError), qmp(folder) as talk:
                talk.command("system_powerdown")
        if _ended(pid, folder.name, min(limit_s - passed, ASK_EVERY_S)):
            return True
    return False


def cut_power(folder: Path) -> None:
    """Quit lets QEMU flush its disks; a QEMU that does not answer is killed."""
    pid = find_guest(folder, read_state(folder))
    if pid is None:
        return
    with contextlib.suppress(ImsError), qmp(folder) as talk:
        talk.command("quit")
    if not _ended(pid, folder.name, QUIT_LIMIT_S):
        kill(pid, folder.name)
        _ended(pid, folder.name, QUIT_LIMIT_S)


def _ended(pid: int, server: str, limit_s: float) -> bool:
    deadline = time.monotonic() + limit_s
    while is_guest(pid, server):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    wait_gone(pid)
    machine.reap()
    return True
