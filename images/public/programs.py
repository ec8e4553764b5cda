"""Programs that build disks, and the folders they build in."""

import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from imsconsole.core.folders import left_behind, locked_folder, remove_left

SCRATCH = "building-"
BEAT_S = 1.0


class CannotBuildError(Exception):
    """A disk could not be built; the message says which program failed and how."""


def program_path() -> str:
    """Where programs are looked for; an ordinary user's PATH lacks those of the system."""
    return f"{os.environ.get('PATH', '/usr/bin')}:/usr/sbin:/sbin"


def run_program(command: Sequence[str], folder: Path, *, given: str = "") -> str:
    """Output of a program. Raises CannotBuildError with its last words."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            input=given,
            capture_output=True,
            text=True,
            env=_environment(folder),
            check=False,
        )
    except FileNotFoundError as error:
        raise CannotBuildError(f"{command[0]} is not installed") from error
    if done.returncode:
        raise CannotBuildError(_last_words(command[0], done.returncode, done.stderr or done.stdout))
    return done.stdout


def run_long_program(
    command: Sequence[str], folder: Path, *, beat: Callable[[], None], limit_s: float
) -> None:
    """Run a program that takes minutes, behind everything else. `beat` is called every second and may raise: the program ends then.

    It also ends when this process dies, and after `limit_s` seconds. Raises CannotBuildError.
    """
    said = folder / "said"
    if shutil.which(command[0], path=program_path()) is None:
        raise CannotBuildError(f"{command[0]} is not installed")
    with said.open("wb") as out:
        process = subprocess.Popen(
            ["nice", "setpriv", "--pdeathsig", "TERM", *command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=_environment(folder),
            start_new_session=True,
        )
    try:
        code = _waited(process, beat, time.monotonic() + limit_s)
    finally:
        _end(process)
    if code:
        raise CannotBuildError(_last_words(command[0], code, said.read_text(errors="replace")))


def _waited(process: "subprocess.Popen[bytes]", beat: Callable[[], None], deadline: float) -> int:
    while time.monotonic() < deadline:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(BEAT_S)
        beat()
    raise CannotBuildError("it took too long")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ask the program and all it started to end; they tidy up after themselves."""
    for word in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, word)
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)


def _environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": program_path(),
        "LC_ALL": "C.UTF-8",
        "HOME": str(folder),
        # the user namespace of an ordinary user need not reach our folder
        "TMPDIR": str(folder) if os.geteuid() == 0 else "/var/tmp",  # noqa: S108
        "MTOOLS_SKIP_CHECK": "1",
    }


def _last_words(program: str, code: int, said: str) -> str:
    words = said.strip().splitlines() or [f"ended with {code}"]
    return f"{program}: {words[-1]}"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One process at a time in a folder that is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """A folder to build in. Those that a killed process left behind go first."""
    for left in left_behind(folder, SCRATCH):
        remove_left(left)
    with locked_folder(folder, SCRATCH) as path:
        yield path
