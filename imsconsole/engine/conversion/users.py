"""A user of its own for each guest and each conversion, from a range of numbers that nobody else on this host uses.

Who works in a folder is told by the folder: its group is theirs, a guest's run folder belongs to them altogether. So it is kept
with a server and gone with it. A number is taken as long as its file here is locked (`flock`, by whichever process of this host),
as a process of it lives, or as what is written in that file belongs to it. All have one group besides, which
lets them pass through the folders of a region and read the sources that are linked for them.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from imsconsole.core.errors import Unavailable
from imsconsole.engine.conversion.limits import RunAs

FOLDER = "uids"  # beside the regions of this host


class Users:
    """Users whose numbers (uid and gid) are of `numbers`; `common` is whose group they share.

    Where we cannot become another user, all of them are ourselves. Raises Unavailable when this host, or the container we are in,
    has no such numbers.
    """

    def __init__(self, folder: Path, common: RunAs, numbers: range) -> None:
        self.common = common
        self._folder = folder
        self._numbers = numbers
        if common.switch:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not all(_is_mapped(kind, numbers) for kind in ("uid", "gid")):
                raise Unavailable("guest-uids-unmapped", first=numbers[0], last=numbers[-1])

    def of(self, folder: Path) -> RunAs:
        """Who works in a folder. Of one from before each had a user of its own: the common user."""
        found = folder.stat()
        number = next((each for each in (found.st_uid, found.st_gid) if each in self._numbers), None)
        return self.common if number is None or not self.common.switch else self._user(number)

    @contextmanager
    def taken(self, keeper: Path | None = None) -> Iterator[RunAs]:
        """A user that nobody else gets meanwhile, nor afterwards as long as `keeper` belongs to it. Raises Unavailable."""
        if not self.common.switch:
            yield self.common
            return
        number, lock = self._seized()
        try:
            os.ftruncate(lock, 0)
            if keeper:
                os.pwrite(lock, os.path.relpath(keeper, self._folder).encode(), 0)
            yield self._user(number)
        finally:
            os.close(lock)

    @contextmanager
    def lent(self, disk: Path) -> Iterator[RunAs]:
        """Whose a server's disk is; one that no server has is somebody's for this time."""
        owner = disk.stat().st_uid
        if not self.common.switch or owner in self._numbers:
            yield self._user(owner) if self.common.switch else self.common
            return
        with self.taken(disk) as user:
            user.give(disk)
            try:
                yield user
            finally:
                self.take_back(disk)

    def take_back(self, path: Path) -> None:
        """Make a file ours again."""
        RunAs(os.geteuid(), os.getegid(), self.common.switch).give(path)

    def is_own(self, user: RunAs) -> bool:
        """Whether it is nobody else's."""
        return user.switch and user.uid in self._numbers

    def _user(self, number: int) -> RunAs:
        return RunAs(number, number, switch=True, groups=(self.common.gid,))

    def _seized(self) -> tuple[int, int]:
        """A free number, and the descriptor that locks it."""
        start = secrets.randbelow(len(self._numbers))
        for step in range(len(self._numbers)):
            number = self._numbers[(start + step) % len(self._numbers)]
            lock = os.open(self._folder / str(number), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                continue
            if not _lives(number) and not self._is_kept(number, lock):
                return number, lock
            os.close(lock)
        raise Unavailable("no-guest-uid", first=self._numbers[0], last=self._numbers[-1])

    def _is_kept(self, number: int, lock: int) -> bool:
        keeper = os.pread(lock, 4096, 0).decode()
        try:
            found = (self._folder / keeper).lstat() if keeper else None
        except FileNotFoundError:
            return False
        return found is not None and number in (found.st_uid, found.st_gid)


def _lives(number: int) -> bool:
    """Whether a process of this user lives. One question to the system, however many processes there are."""
    try:
        os.getpriority(os.PRIO_USER, number)
    except ProcessLookupError:
        return False
    return True


def _is_mapped(kind: str, numbers: range) -> bool:
    """Whether these numbers exist in our user namespace, all in one piece of it."""
    pieces = (map(int, line.split()) for line in Path(f"/proc/self/{kind}_map").read_text().splitlines())
    return any(first <= numbers[0] and numbers[-1] < first + count for first, _, count in pieces)
