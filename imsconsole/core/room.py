"""Room on the disk that running work has been promised, so that two at once do not count on the same free bytes.

A promise is a locked file (`flock`) in a folder that all processes of a host see: it ends with its process. What has been written
of what it is for is no longer free, so it counts no more.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from imsconsole.core.errors import NoSpace
from imsconsole.core.full_disk import raises_no_space

PROMISES = "room"  # the folder, beside the regions of a host
LEAST_FREE_BYTES = 5 * 1024**3  # with less, the next large image may not fit
SPARE_BYTES = 256 * 1024**2  # never fill the disk to the brim: the database lives there too


class Room:
    """The free bytes of this host's file systems, but for those that are promised in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def free_bytes(self, place: Path) -> int:
        """What is free where `place` is."""
        numbers = os.statvfs(place)
        device = place.stat().st_dev
        promised = sum(_left(path, device) for path in self._folder.glob("*") if _is_held(path))
        return max(0, numbers.f_bavail * numbers.f_frsize - promised)

    @contextmanager
    def kept(self, made: Path, size_bytes: int) -> Iterator[None]:
        """Keep room for the file `made`, which will have at most that size. Raises NoSpace."""
        with self._promised(made, size_bytes) as promise:
            try:
                yield
            finally:
                promise.unlink(missing_ok=True)

    @contextmanager
    def _promised(self, made: Path, size_bytes: int) -> Iterator[Path]:
        promise = self._folder / uuid4().hex
        with raises_no_space(), self._alone():
            if size_bytes + SPARE_BYTES - _written(made) > self.free_bytes(made.parent):
                raise NoSpace
            file = promise.open("x")
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                json.dump([made.parent.stat().st_dev, size_bytes, str(made)], file)
                file.flush()
            except BaseException:
                promise.unlink()
                file.close()
                raise
        with file:
            yield promise

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One promise at a time; those of processes that were killed are forgotten."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(number, fcntl.LOCK_EX)
            for path in self._folder.glob("*"):
                if not _is_held(path):
                    path.unlink(missing_ok=True)
            yield
        finally:
            os.close(number)


def _is_held(promise: Path) -> bool:
    """Whether its process lives. One that is gone already is not held."""
    with suppress(FileNotFoundError), promise.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _left(promise: Path, device: int) -> int:
    """What is still to be written of what was promised on a file system."""
    try:
        there, size_bytes, made = json.loads(promise.read_bytes())
    except (FileNotFoundError, ValueError):
        return 0
    return max(0, size_bytes - _written(Path(made))) if there == device else 0


def _written(path: Path) -> int:
    try:
        return path.lstat().st_blocks * 512
    except FileNotFoundError:
        return 0
