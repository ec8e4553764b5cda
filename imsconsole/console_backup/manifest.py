"""What a backup says of itself, and of each of its files."""

import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from imsconsole.console_backup.places import CHECKSUM, DATABASE, FILES, MANIFEST, BackupError, Place
from imsconsole.engine.types import MIB

FORM = 1  # of what lies in a backup; a version of the console reads its own and those before
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")


@dataclass(frozen=True)
class StoredFile:
    """Where a file was: the code of its region (or `buckets`) and its name there. `stamp` tells whether it was written to since."""

    region: str
    name: str
    checksum: str
    size_bytes: int
    stamp: str = ""

    def line(self) -> str:
        return json.dumps([self.region, self.name, self.checksum, self.size_bytes, self.stamp]) + "\n"


@dataclass
class Manifest:
    """`taken_at` is the instant of its rows. `masters` are fingerprints; `warnings` sentences' codes with their values."""

    form: int
    version: str
    taken_at: str
    job: str
    migrations: list[list[str]]
    regions: dict[str, str]
    rows: int
    files: int
    size_bytes: int
    new_bytes: int
    sha256: dict[str, str]
    settings: dict[str, str]
    masters: list[str] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False))


def read_manifest(place: Place, name: str) -> Manifest:
    """Raises BackupError: it is not there, no manifest, or of a form that a later version writes."""
    try:
        with place.read(f"backups/{name}/{MANIFEST}") as stream:
            read = json.load(stream)
        if read["form"] > FORM:
            raise BackupError("console-backup-newer", version=str(read["version"]))
        return Manifest(**read)
    except FileNotFoundError as error:
        raise BackupError("console-backup-missing", name=name) from error
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise BackupError("console-backup-damaged", what=MANIFEST) from error


@contextmanager
def packed(path: Path) -> Iterator[TextIO]:
    """A file of lines that is being written."""
    with gzip.open(path, "wt", compresslevel=3, encoding="utf-8") as out:
        yield cast(TextIO, out)


def digits_of(stream: BinaryIO, algorithm: str) -> str:
    digest = hashlib.new(algorithm)
    while piece := stream.read(MIB):
        digest.update(piece)
    return digest.hexdigest()


def sha256_of(stream: BinaryIO) -> str:
    return digits_of(stream, "sha256")


def check_lists(place: Place, name: str, manifest: Manifest) -> None:
    """Raises BackupError when rows or list of files are not those that the manifest speaks of."""
    for part in (DATABASE, FILES):
        try:
            with place.read(f"backups/{name}/{part}") as stream:
                found = sha256_of(stream)
        except OSError:
            found = ""
        if found != manifest.sha256.get(part):
            raise BackupError("console-backup-damaged", what=part)


def lines_of(place: Place, name: str, part: str) -> Iterator[str]:
    """Raises BackupError when it cannot be read to its end."""
    try:
        with (
            place.read(f"backups/{name}/{part}") as stream,
            gzip.open(stream, "rt", encoding="utf-8") as lines,
        ):
            yield from lines
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise BackupError("console-backup-damaged", what=part) from error


def files_of(place: Place, name: str) -> Iterator[StoredFile]:
    """Raises BackupError for a line that names no place of ours."""
    for line in lines_of(place, name, FILES):
        try:
            region, file, checksum, size_bytes, stamp = json.loads(line)
            good = (
                SAFE.fullmatch(region)
                and SAFE.fullmatch(file)
                and CHECKSUM.fullmatch(checksum)
                and size_bytes >= 0
            )
        except (ValueError, TypeError) as error:
            raise BackupError("console-backup-damaged", what=FILES) from error
        if not good:
            raise BackupError("console-backup-damaged", what=file[:80])
        yield StoredFile(region, file, checksum, size_bytes, stamp)
