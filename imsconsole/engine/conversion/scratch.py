"""Where programs of ours work on foreign bytes, and how files get there and become our own."""

import errno
import logging
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO

from imsconsole.core.errors import NotFound, Unavailable
from imsconsole.core.folders import left_behind, remove, remove_left
from imsconsole.core.full_disk import raises_no_space
from imsconsole.core.room import Room
from imsconsole.engine.conversion.hashing import copy
from imsconsole.engine.conversion.limits import RunAs
from imsconsole.engine.conversion.ownership import let_read, make_blank, nobody_writes, open_theirs
from imsconsole.engine.conversion.users import Users
from imsconsole.engine.types import MIB, FileSource, Part, Source, Work

READ = "read-"  # scraps of short calls that belong to no job; each is held by its process
TOKEN = re.compile(r"[A-Za-z0-9-]+")
READ_ONLY = 0o444

logger = logging.getLogger(__name__)


class Scratch:
    """A folder of ours in which programs work on foreign bytes, each as a user of its own in a folder of its own."""

    def __init__(self, scraps: Path, users: Users, room: Room) -> None:
        self.scraps = scraps
        self.users = users
        self.room = room
        with raises_no_space():
            scraps.mkdir(mode=0o700, parents=True, exist_ok=True)
            scraps.chmod(0o700)  # who works in one begins in it, and reaches no other

    def blank(self, path: Path) -> None:
        """An empty file that a program of the folder's user is to fill, in a folder of ours."""
        make_blank(path, self.users.of(path.parent)).close()

    def own(self, path: Path, whose: RunAs | None = None) -> None:
        """Make a file that a program has filled, in a folder of ours, our own and its bytes final.

        Who has it open still would go on writing: then what is there now is copied. Raises Unavailable
        `output-refused` when it is anything but a file with this one name of the folder's user, or of `whose`.
        """
        with self.open_filled(path, whose) as file:
            if self.users.common.switch:
                os.fchown(file.fileno(), os.geteuid(), os.getegid())
            os.fchmod(file.fileno(), READ_ONLY)
            if self.users.common.switch and not nobody_writes(file):
                _replace_by_copy(path)

    def open_filled(self, path: Path, whose: RunAs | None = None) -> BinaryIO:
        """The open file that a program has filled. Raises Unavailable `output-refused`."""
        try:
            return open_theirs(path, whose or self.users.of(path.parent))
        except FileNotFoundError as error:
            logger.exception("What a program left at %s is refused", path)
            raise Unavailable("output-refused", detail=error.strerror) from error

    def link_source(self, path: Path, target: Path) -> bool:
        """Link a file of ours so that the guests' user may read it; False when it cannot be linked."""
        try:
            os.link(path.resolve(strict=True), target)
        except FileNotFoundError as error:
            raise NotFound("no-such-bytes", ref=path.name) from error
        except OSError:
            return False
        let_read(target, self.users.common)
        return True

    @contextmanager
    def scrap(self, work: Work, whose: AbstractContextManager[RunAs] | None = None) -> Iterator[Path]:
        """A folder for unfinished things, gone afterwards whatever happens; programs in it have a user of their own, or `whose`."""
        if not TOKEN.fullmatch(work.token):
            raise ValueError(f"not a token: {work.token!r}")
        folder = self.scraps / work.token
        with whose or self.users.taken() as user:
            try:
                folder.mkdir(mode=0o700, exist_ok=True)
                user.let_in(folder)
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def bring(self, source: Source, target: Path, progress: Callable[[int], None]) -> Part | None:
        """Make a source readable for the guests' user at `target`: a link when it is a file of ours.

        What it is a part of is linked as a whole: then the part is returned.
        """
        if isinstance(source, FileSource) and self.link_source(source.path, target):
            return source.part
        with (
            self.room.kept(target, source.size_bytes),
            source.open() as stream,
            target.open("xb") as out,
        ):
            copy(stream, out, progress)
        let_read(target, self.users.common)
        return None

    def names(self) -> frozenset[str]:
        """What lies there, but what a short call of a living process holds."""
        there = frozenset(path.name for path in self.scraps.iterdir())
        left = {path.name for path in left_behind(self.scraps, READ)}
        return frozenset(name for name in there if not name.startswith(READ) or name in left)

    def sweep(self, token: str) -> None:
        if not TOKEN.fullmatch(token):
            raise ValueError(f"not a token: {token!r}")
        for path in self.scraps.glob(f"{token}*"):
            (remove_left if path.name.startswith(READ) else remove)(path)


def link(source: Path, target: Path) -> None:
    """The same bytes under another name: a hard link, else a reflink, else a copy.

    Links end at a file system's border and at its link limit (65 000 on ext4).
    """
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in (errno.EMLINK, errno.EXDEV, errno.EPERM):
            raise
        clone(source, target)
        target.chmod(READ_ONLY)


def _replace_by_copy(path: Path) -> None:
    """The same bytes in another file of ours, which nobody has open."""
    copied = path.with_name(f"{path.name}.copy")
    clone(path, copied)
    copied.chmod(READ_ONLY)
    copied.replace(path)


def _nothing(_done: int) -> None:
    return None


def clone(source: Path, target: Path, progress: Callable[[int], None] = _nothing) -> None:
    """The same bytes in a file of its own, empty so far or not there; blocks are shared where the file system can."""
    with source.open("rb") as read, target.open("wb") as written:
        done = 0
        try:
            while count := os.copy_file_range(read.fileno(), written.fileno(), 16 * MIB):
                done += count
                progress(done)
        except OSError as error:
            if done or error.errno not in (errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL):
                raise
            copy(read, written, progress)
