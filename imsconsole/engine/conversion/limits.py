"""Programs that touch foreign bytes run limited: as another user, without new privileges.

A program that reaches a limit is told so by a signal of that limit, or ends by itself; whoever is killed
by another signal was killed from outside, and nothing is known about what it worked on.

`preexec_fn` is unsafe in a threaded worker, so the wrappers of util-linux do it instead: `setpriv`
changes the user and ties a child to its parent's life, `prlimit` caps memory, CPU and file size, `nice` lets others
go first.
"""

import errno
import os
import pwd
import shutil
import signal
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from imsconsole.core.errors import Unavailable
from imsconsole.engine.types import GIB, MIB

# How programs end by themselves: at a limit of CPU, file size or memory (QEMU and GLib abort), or by a fault.
OWN_ENDS = (
    signal.SIGXCPU, signal.SIGXFSZ, signal.SIGABRT, signal.SIGTRAP, signal.SIGSEGV, signal.SIGFPE, signal.SIGILL,
)  # fmt: skip
NICENESS = 5  # of what works in the background: pages come first
GRACE_CPU_S = 5  # between the limit's own signal and the system's SIGKILL

DEFAULT_GUEST_USERS = ("ims-guest", "nobody")
GUEST_UIDS = range(
    1_900_000_000, 1_900_010_000
)  # of no range of Debian's, nor of systemd's, nor of subordinate users

# Nothing of our own environment reaches the programs: it may hold secrets.
CLEAN_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
}


@dataclass(frozen=True)
class RunAs:
    """The user that programs run as, with `groups` besides its own. `switch` only when we are root and can become it."""

    uid: int
    gid: int
    switch: bool
    groups: tuple[int, ...] = ()

    def give(self, path: Path) -> None:
        """Make a folder, or a file that only its owner may read, belong to this user.

        What others may read is shared: its other names would be given along. Raises PermissionError.
        """
        if not self.switch:
            return
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            mode = os.fstat(number).st_mode
            if stat.S_ISREG(mode) and mode & stat.S_IROTH:
                raise PermissionError(errno.EPERM, "Shared with others", str(path))
            os.fchown(number, self.uid, self.gid)
        finally:
            os.close(number)

    def let_in(self, folder: Path) -> None:
        """Let this user reach names it knows in a folder of ours, but not list or change them."""
        if self.switch:
            os.chown(folder, os.geteuid(), self.gid, follow_symlinks=False)
            folder.chmod(0o710)


def run_as(user: str = "") -> RunAs:
    """Whom to run programs as: ourselves, or as root the named or the first usual user.

    Raises Unavailable `no-guest-user` when no such user exists.
    """
    if os.geteuid() != 0:
        return RunAs(os.geteuid(), os.getegid(), switch=False)
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in (user,) if user else DEFAULT_GUEST_USERS:
        if name in known and known[name].pw_uid != 0:
            return RunAs(known[name].pw_uid, known[name].pw_gid, switch=True)
    raise Unavailable("no-guest-user", user=user or DEFAULT_GUEST_USERS[0])


@dataclass(frozen=True)
class Limits:
    """Caps of one program; `file_bytes` 0 is no cap. LUKS needs the 2 GiB with 1 MiB stacks."""

    memory_bytes: int = 2 * GIB
    cpu_s: int = 60
    file_bytes: int = 0

    def wrapper(self) -> list[str]:
        limits = [
            "nice",
            "-n",
            str(NICENESS),
            "prlimit",
            f"--as={self.memory_bytes}",
            f"--stack={MIB}",
            "--core=0",
        ]
        limits.append(f"--cpu={self.cpu_s}:{self.cpu_s + GRACE_CPU_S}")
        return [*limits, f"--fsize={self.file_bytes}"] if self.file_bytes else limits


def wrapped(
    command: Sequence[str],
    user: RunAs,
    *,
    limits: Limits | None = None,
    dies_with_us: bool = False,
    groups: Sequence[int] = (),
) -> list[str]:
    """`command` behind its wrappers, which replace themselves: the process ID is the command's own."""
    privileges = ["setpriv", "--no-new-privs"]
    if user.switch:
        besides = [str(group) for group in (*user.groups, *groups)]
        supplementary = ["--groups", ",".join(besides)] if besides else ["--clear-groups"]
        privileges += ["--reuid", str(user.uid), "--regid", str(user.gid), *supplementary]
    if dies_with_us:
        privileges += ["--pdeathsig", "KILL"]
    return [*privileges, "--", *(limits.wrapper() if limits else ()), *command]


def was_killed(code: int) -> bool:
    """Whether a program that ended with this code was killed from outside."""
    return code < 0 and -code not in OWN_ENDS


def missing_programs(*names: str) -> tuple[str, ...]:
    """Those of the programs that are not installed."""
    return tuple(name for name in names if shutil.which(name) is None)
