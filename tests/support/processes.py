"""Processes, as the system shows them, and forks of this one."""

import os
import signal
import traceback
from collections.abc import Callable
from pathlib import Path

FORK_LIMIT_S = 600  # a thread of ours that was not forked may have held a lock


def forked(work: Callable[[], object]) -> int:
    """A fork of this process, which does the work and ends, whatever happens: it is never back among the tests."""
    if child := os.fork():
        return child
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(FORK_LIMIT_S)
    try:
        work()
    except BaseException:  # noqa: BLE001 - it ends here
        traceback.print_exc()
    finally:
        os._exit(1)


def ended(child: int) -> int:
    """How it ended, once it has: its exit code, or the signal that killed it, negative."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def children_of(pid: int) -> list[int]:
    """The processes a process has started and that live."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def status_of(pid: int) -> str:
    """The letter for what it does: R, S, D, T when stopped, Z when it has ended and nobody has asked about it; "" when gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and nobody has asked about does not."""
    return status_of(pid) not in ("Z", "")


def name_of(pid: int) -> str:
    """Raises FileNotFoundError."""
    return Path(f"/proc/{pid}/comm").read_text().strip()
