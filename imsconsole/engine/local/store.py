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

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from imsconsole.core.durable import sync
from imsconsole.core.errors import NotFound, Unavailable
from imsconsole.core.folders import remove
from imsconsole.core.full_disk import raises_no_space
from imsconsole.core.room import PROMISES, Room
from imsconsole.engine.conversion.limits import CLEAN_ENVIRONMENT, wrapped
from imsconsole.engine.conversion.scratch import Scratch, link
from imsconsole.engine.conversion.users import Users
from imsconsole.engine.refs import UUID_PATTERN
from imsconsole.engine.types import Space, Work

STORED_REF = re.compile(rf"{UUID_PATTERN}\.[A-Za-z0-9-]+\.(?:qcow2|iso)")
DISK_REF = re.compile(rf"{UUID_PATTERN}\.[A-Za-z0-9-]+\.qcow2")
SYSTEM_REF = re.compile(rf"({UUID_PATTERN})/(system-{UUID_PATTERN}\.[A-Za-z0-9-]+)")
SERVER_REF = re.compile(UUID_PATTERN)
RUN = "run"
BASE = "base.qcow2"  # beside a system disk's own layer


class Store(Scratch):
    """The folder of a region. Raises Unavailable when the guests' users cannot reach it."""

    def __init__(self, root: Path, users: Users) -> None:
        self.root = root
        self._make_root()
        super().__init__(root / "scrap", users, Room(root.parent / PROMISES))
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


def server_of(ref: str) -> UUID | None:
    """The server a system disk belongs to; None for a data disk."""
    found = SYSTEM_REF.fullmatch(ref)
    return UUID(found[1]) if found else None
