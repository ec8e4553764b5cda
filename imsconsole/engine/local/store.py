"""Files of one region: images, data disks, servers' folders, and the scrap they are made from.

    images/<disk>.<token>.qcow2|iso      stored disks, read-only, ours
    disks/<disk>.<token>.qcow2           data disks of servers
    servers/<server>/                    what we know of a server
        cd.iso                           the CD in its drive, if it has one (a link of the image's file)
        system-<disk>.<token>/           base.qcow2 (a link of the image's file), disk.qcow2, vars.fd
        run/                             the only place its QEMU can make files in
    scrap/<token>/                       everything unfinished

All folders are ours but run/: no program of a guest's user can change a name in them (`ownership`).
A final name carries the attempt that made it, so a worker that wakes up late can never overwrite
or remove what a later attempt made. A later attempt takes over a whole file by renaming it.
"""

import errno
import logging
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from imsconsole.core.errors import NotFound, Unavailable
from imsconsole.core.folders import remove, remove_left
from imsconsole.core.full_disk import raises_no_space
from imsconsole.core.room import PROMISES, Room
from imsconsole.engine.local.hashing import copy
from imsconsole.engine.local.limits import CLEAN_ENVIRONMENT, RunAs, wrapped
from imsconsole.engine.local.ownership import let_read, make_blank, nobody_writes, open_theirs
from imsconsole.engine.local.users import Users
from imsconsole.engine.types import MIB, FileSource, Part, Source, Space, Work

UUID_PATTERN = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
STORED_REF = re.compile(rf"{UUID_PATTERN}\.[A-Za-z0-9-]+\.(?:qcow2|iso)")
DISK_REF = re.compile(rf"{UUID_PATTERN}\.[A-Za-z0-9-]+\.qcow2")
SYSTEM_REF = re.compile(rf"({UUID_PATTERN})/(system-{UUID_PATTERN}\.[A-Za-z0-9-]+)")
SERVER_REF = re.compile(UUID_PATTERN)
RUN = "run"
READ = "read-"  # scraps of short calls that belong to no job; each is held by its process
BASE = "base.qcow2"  # beside a system disk's own layer
TOKEN = re.compile(r"[A-Za-z0-9-]+")
READ_ONLY = 0o444

logger = logging.getLogger(__name__)


class Scratch:
    """A folder of ours in which programs work on foreign bytes, each as a user of its own in a folder of its own."""

    def __init__(self, scraps: Path, users: Users) -> None:
        self.scraps = scraps
        self.users = users
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


class Store(Scratch):
    """The folder of a region. Raises Unavailable when the guests' users cannot reach it."""

    def __init__(self, root: Path, users: Users) -> None:
        self.root = root
        self._make_root()
        super().__init__(root / "scrap", users)
        self.room = Room(root.parent / PROMISES)
        self.images = root / "images"
        self.disks = root / "disks"
        self.servers = root / "servers"
        self._make()

    @raises_no_space()
    def _make_root(self) -> None:
        if not self.root.is_dir():
            self.root.mkdir(parents=True, exist_ok=True)
            self.root.chmod(0o711)

    @raises_no_space()
    def _make(self) -> None:
        """Folders stay ours, so a guest that broke out could not change, remove or list anything."""
        self.images.mkdir(mode=0o700, exist_ok=True)
        for folder in (self.disks, self.servers):
            folder.mkdir(mode=0o700, exist_ok=True)
            self.users.common.let_in(folder)
        if self.users.common.switch:
            self._check_reachable()

    def _check_reachable(self) -> None:
        seen = subprocess.run(
            wrapped(["test", "-x", str(self.disks)], self.users.common), env=CLEAN_ENVIRONMENT, check=False
        )
        if seen.returncode:
            raise Unavailable("data-dir-not-traversable", path=str(self.root))

    # names
    def stored(self, ref: str) -> Path:
        return self._existing(STORED_REF, self.images, ref)

    def suffix(self, ref: str) -> str:
        """How the name of a stored disk ends, whether it is there or not. Raises NotFound for no such name."""
        if not STORED_REF.fullmatch(ref):
            raise NotFound("no-such-bytes", ref=ref)
        return Path(ref).suffix

    def disk(self, ref: str) -> Path:
        """The file of a data disk or a system disk. Raises NotFound."""
        if SYSTEM_REF.fullmatch(ref):
            return self._existing(SYSTEM_REF, self.servers, ref) / "disk.qcow2"
        return self._existing(DISK_REF, self.disks, ref)

    def find_stored(self, ref: str) -> Path | None:
        return self.images / ref if STORED_REF.fullmatch(ref) and (self.images / ref).exists() else None

    def find_disk(self, ref: str) -> Path | None:
        try:
            return self.disk(ref)
        except NotFound:
            return None

    def server(self, ref: str) -> Path:
        return self._existing(SERVER_REF, self.servers, ref)

    @staticmethod
    def _existing(pattern: re.Pattern[str], folder: Path, ref: str) -> Path:
        if not pattern.fullmatch(ref) or not (folder / ref).exists():
            raise NotFound("no-such-bytes", ref=ref)
        return folder / ref

    # making
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

    def finish(self, made: Path, folder: Path, stem: str, suffix: str, work: Work) -> Path:
        """Give a finished file or folder its final name, if the work is still ours."""
        final = folder / f"{stem}.{work.token}{suffix}"
        sync(made)
        work.hold()
        made.rename(final)
        try:
            sync(folder)
            work.hold()
        except BaseException:
            remove(final)
            raise
        for other in self.attempts(folder, stem, suffix):
            if other != final:
                remove(other)
        return final

    def adopt(self, folder: Path, stem: str, suffix: str, work: Work) -> Path | None:
        """What an earlier attempt finished, under this attempt's name; None when there is nothing."""
        final = folder / f"{stem}.{work.token}{suffix}"
        for found in self.attempts(folder, stem, suffix):
            work.hold()
            try:
                found.rename(final)
            except FileNotFoundError:
                continue
            sync(folder)
            return final
        return None

    @staticmethod
    def attempts(folder: Path, stem: str, suffix: str) -> list[Path]:
        return sorted(
            path for path in folder.glob(f"{stem}.*{suffix}") if path.suffix == suffix or not suffix
        )

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

    def link_stored(self, ref: str, target: Path) -> None:
        """The bytes of a stored disk, ours from now on. Raises NotFound, also when they go at this moment."""
        try:
            link(self.stored(ref), target)
        except FileNotFoundError as error:
            raise NotFound("no-such-bytes", ref=ref) from error

    # removing and counting
    def delete_tree(self, path: Path) -> None:
        """Remove a folder at once by its name, then its content; may be called again."""
        grave = self.scraps / f"deleted-{path.name}".replace(".", "-")
        shutil.rmtree(grave, ignore_errors=True)
        try:
            path.rename(grave)
        except FileNotFoundError:
            return
        shutil.rmtree(grave, ignore_errors=True)

    def forget_tree(self, ref: str) -> None:
        """Finish an interrupted removal of a server's folder."""
        if SERVER_REF.fullmatch(ref):
            self.delete_tree(self.servers / ref)

    def is_server(self, ref: str) -> bool:
        return bool(SERVER_REF.fullmatch(ref)) and (self.servers / ref).is_dir()

    def sweep(self, token: str) -> None:
        if not TOKEN.fullmatch(token):
            raise ValueError(f"not a token: {token!r}")
        for path in self.scraps.glob(f"{token}*"):
            (remove_left if path.name.startswith(READ) else remove)(path)

    def left_of(self, thing: UUID, token: str) -> list[Path]:
        """What work has made under an ID, brought of it, or begun to remove, but for servers and system disks."""
        made = [folder.glob(f"{thing}.{token}*") for folder in (self.images, self.disks)]
        begun = [self.scraps.glob(f"{name}*") for name in (f"part-{thing}-{token}", f"deleted-*{thing}")]
        return [path for found in (*made, *begun) for path in found]

    def systems_of(self, disk_id: UUID, token: str, server: UUID) -> list[str]:
        """The references of the system disks in a server's folder that work has made under an ID."""
        folders = self.servers.glob(f"{server}/system-{disk_id}.{token}*")
        return [f"{server}/{folder.name}" for folder in folders]

    def free_space(self) -> Space:
        numbers = os.statvfs(self.root)
        return Space(self.room.free_bytes(self.root), numbers.f_blocks * numbers.f_frsize)

    def system_refs(self) -> Iterator[str]:
        for folder in self.servers.glob("*/system-*"):
            if SYSTEM_REF.fullmatch(ref := f"{folder.parent.name}/{folder.name}"):
                yield ref


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


def sync(path: Path) -> None:
    """Bring a file's bytes, or a folder's names, to the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def server_of(ref: str) -> UUID | None:
    """The server a system disk belongs to; None for a data disk."""
    found = SYSTEM_REF.fullmatch(ref)
    return UUID(found[1]) if found else None
