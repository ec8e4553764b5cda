"""Backups in a folder: files that are final are linked or share their blocks where the file system can, else copied."""

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from imsconsole.console_backup.places import MANIFEST, NAME, BackupError, Progress, object_name
from imsconsole.core.durable import sync
from imsconsole.core.folders import remove
from imsconsole.core.full_disk import FULL
from imsconsole.engine.types import MIB

FICLONE = 0x40049409


@contextmanager
def said(place: Path) -> Iterator[None]:
    """What the system says of the folder, in our words."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise BackupError("console-backup-no-space", place=str(place)) from error
        raise BackupError(
            "console-backup-folder", place=str(place), detail=error.strerror or str(error)
        ) from error


class FolderPlace:
    def __init__(self, root: Path) -> None:
        self.root = root
        self._unfinished = root / "unfinished"

    def clear(self) -> None:
        with said(self.root):
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            remove(self._unfinished)
            for folder in (self._unfinished, self.root / "objects", self.root / "backups"):
                folder.mkdir(mode=0o700, exist_ok=True)

    def has(self, checksum: str, size_bytes: int) -> bool:
        try:
            return (self.root / object_name(checksum)).stat().st_size == size_bytes
        except FileNotFoundError:
            return False

    def put(self, path: Path, checksum: str, *, is_final: bool, progress: Progress) -> str:
        with said(self.root):
            made = self._unfinished / uuid4().hex
            if not (is_final and checksum and _is_linked(path, made)):
                found = _copied(path, made, checksum, progress)
                if checksum and found != checksum:
                    made.unlink()
                    return found
                checksum = found
                made.chmod(0o400)
            target = self.root / object_name(checksum)
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            made.replace(target)
            with suppress(FileNotFoundError):  # rename leaves both names of one file
                made.unlink()
            return checksum

    def object(self, checksum: str) -> BinaryIO:
        return self.read(object_name(checksum))

    def objects(self) -> Iterator[str]:
        for algorithm in sorted((self.root / "objects").glob("*")):
            for folder in sorted(algorithm.iterdir()):
                for entry in os.scandir(folder):
                    yield f"{algorithm.name}:{entry.name}"

    def remove_objects(self, checksums: list[str]) -> None:
        with said(self.root):
            for checksum in checksums:
                (self.root / object_name(checksum)).unlink(missing_ok=True)

    def write(self, name: str, path: Path) -> None:
        with said(self.root):
            made, target = self._unfinished / uuid4().hex, self.root / name
            shutil.copyfile(path, made)
            sync(made)
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if name.endswith(MANIFEST):  # all that it speaks of is on the disk under its name
                objects, backups = self.root / "objects", self.root / "backups"
                for folder in [*objects.glob("*/*"), *objects.glob("*"), objects, backups, self.root]:
                    sync(folder)
            made.replace(target)
            sync(target.parent)

    def read(self, name: str) -> BinaryIO:
        try:
            return (self.root / name).open("rb")
        except FileNotFoundError:
            raise
        except OSError:
            with said(self.root):
                raise

    def backups(self) -> list[str]:
        return [name for name in self._named() if (self.root / "backups" / name / MANIFEST).is_file()]

    def partial(self) -> list[str]:
        return sorted({*self._named()} - {*self.backups()})

    def _named(self) -> list[str]:
        with suppress(FileNotFoundError):
            return sorted(
                path.name for path in (self.root / "backups").iterdir() if NAME.fullmatch(path.name)
            )
        return []

    def remove_backup(self, name: str) -> None:
        with said(self.root):
            folder = self.root / "backups" / name
            (folder / MANIFEST).unlink(missing_ok=True)
            shutil.rmtree(folder)


def _is_linked(path: Path, made: Path) -> bool:
    try:
        os.link(path, made)
    except OSError as error:
        if error.errno not in (errno.EMLINK, errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP):
            raise
        return False
    return True


def _copied(path: Path, made: Path, checksum: str, progress: Progress) -> str:
    """Its bytes as they were read, and their checksum; blocks are shared where the file system can."""
    algorithm = checksum.partition(":")[0] or "sha256"
    digest, done = hashlib.new(algorithm), 0
    with path.open("rb", buffering=0) as stream, made.open("xb") as out:
        is_shared = _shares_blocks(stream.fileno(), out.fileno())
        while piece := stream.read(MIB):
            digest.update(piece)
            if not is_shared:
                out.write(piece)
            done += len(piece)
            progress(done)
        out.flush()
        os.fsync(out.fileno())
    return f"{algorithm}:{digest.hexdigest()}"


def _shares_blocks(source: int, target: int) -> bool:
    """By FICLONE, of Btrfs, XFS and others."""
    try:
        fcntl.ioctl(target, FICLONE, source)
    except OSError:
        return False
    return True
