"""Folders that end with their process.

Each is locked (`flock`) as long as its process lives, and a lock ends with a kill as well: so what was
left behind can be told from what is in use, by every process and container that sees the folder.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.util import Finalize
from pathlib import Path
from uuid import uuid4


@contextmanager
def locked_folder(parent: Path, prefix: str = "") -> Iterator[Path]:
    """A new folder in `parent`, for its owner alone, locked until it is removed at the end."""
    folder, number = _made(parent, prefix)
    try:
        yield folder
    finally:
        _remove(folder, number)


def process_folder(parent: Path, prefix: str = "") -> Path:
    """A new folder in `parent` that is removed when this process ends. What it forks may use it until then.

    Raises OSError. The empty ones of processes that a signal has ended are removed first: they are nothing to tell.
    """
    parent.mkdir(mode=0o700, exist_ok=True)
    for left in left_behind(parent):
        with suppress(OSError):
            left.rmdir()
    folder, number = _made(parent, prefix)
    Finalize(
        None, _remove, (folder, number), exitpriority=0
    )  # `atexit` does nothing in processes that were forked
    return folder


def left_behind(parent: Path, prefix: str = "") -> Iterator[Path]:
    """What lies in `parent` and nobody has locked."""
    for path in sorted(parent.glob(f"{prefix}*")):
        if _is_folder(path):
            if (number := _lock(path)) is not None:
                os.close(number)
                yield path
        elif os.path.lexists(path):
            yield path


def remove_left(path: Path) -> None:
    """Remove what nobody has locked; the rest stays."""
    if not _is_folder(path):
        path.unlink(missing_ok=True)
    elif (number := _lock(path)) is not None:
        _remove(path, number)


def remove(path: Path) -> None:
    """Remove a file or a folder; what is missing is removed already."""
    if _is_folder(path):
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _made(parent: Path, prefix: str) -> tuple[Path, int]:
    """A new folder, and the descriptor that locks it."""
    while True:
        folder = parent / f"{prefix}{uuid4().hex}"
        folder.mkdir(mode=0o700)
        if (number := _lock(folder)) is not None:
            return folder, number  # else whoever tidies up was quicker


def _remove(folder: Path, number: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os.close(number)


def _lock(folder: Path) -> int | None:
    """A descriptor that locks a folder; None when somebody else has, or it is gone or another user's."""
    try:
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except (FileNotFoundError, PermissionError):
        return None
    is_same = False
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_same = os.path.samestat(os.fstat(number), folder.lstat())
    except (BlockingIOError, FileNotFoundError):
        pass
    finally:
        if not is_same:
            os.close(number)
    return number if is_same else None


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
