"""Where backups lie: what a folder and S3 have in common.

console.json                      whose they are
objects/sha256/ab/abcd…           bytes of stored files, by their checksum: once however many backups have them
backups/20261129T213000Z-041287/  manifest.json, written last: without it there is no backup; database and files
unfinished/                       what is just being written
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from imsconsole.core.errors import ImsError

CHECKSUM = re.compile(r"(sha256|sha512):([0-9a-f]{64,128})")
NAME = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9]{6}")  # its moment, to the microsecond: they are in order
MANIFEST, DATABASE, FILES, CONSOLE = "manifest.json", "database.jsonl.gz", "files.jsonl.gz", "console.json"
Progress = Callable[[int], None]


class BackupError(ImsError):
    """A backup cannot be made or read, with the reason."""

    default_code = "console-backup-failed"


class Place(Protocol):
    """All raise BackupError; readers FileNotFoundError besides."""

    def clear(self) -> None:
        """Remove what a killed backup left: of one console one backup is made at a time."""
        ...

    def has(self, checksum: str, size_bytes: int) -> bool: ...

    def put(self, path: Path, checksum: str, *, is_final: bool, progress: Progress) -> str:
        """Keep the bytes of a file, which are final or the caller's alone; their checksum. One that differs from `checksum`, if there is one, is not kept."""
        ...

    def object(self, checksum: str) -> BinaryIO: ...

    def objects(self) -> Iterator[str]:
        """The checksums of all that is kept."""
        ...

    def remove_objects(self, checksums: list[str]) -> None: ...

    def write(self, name: str, path: Path) -> None:
        """A file beside the objects, whole or not at all."""
        ...

    def read(self, name: str) -> BinaryIO: ...

    def backups(self) -> list[str]:
        """Names of those that are whole, the newest last."""
        ...

    def partial(self) -> list[str]:
        """Names of those that are not."""
        ...

    def remove_backup(self, name: str) -> None:
        """Its manifest first."""
        ...


def object_name(checksum: str) -> str:
    """Raises BackupError for what is no checksum."""
    if not (found := CHECKSUM.fullmatch(checksum)):
        raise BackupError("console-backup-damaged", what=checksum[:80])
    return f"objects/{found[1]}/{found[2][:2]}/{found[2]}"
