"""A backup into an empty host: its files first, each compared with its checksum, then its rows, then what was going on is ended.

What is interrupted is begun again with the same backup: until the end a file in the data folder says that it is on its way.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.files import File

from imsconsole.cloud.buckets.store import is_local, storage
from imsconsole.cloud.engines import forget_engines, local_engine
from imsconsole.cloud.keys.master import add_to_file, known_masters
from imsconsole.cloud.keys.wrap import Master
from imsconsole.console_backup.after import end_what_went_on
from imsconsole.console_backup.database import bring_up, load, prepare, what_is_there
from imsconsole.console_backup.listed import Listed
from imsconsole.console_backup.manifest import (
    Manifest,
    StoredFile,
    check_lists,
    digits_of,
    files_of,
    lines_of,
    read_manifest,
)
from imsconsole.console_backup.places import DATABASE, BackupError, Place
from imsconsole.console_backup.wanted import BUCKETS
from imsconsole.core.errors import BadImage
from imsconsole.engine.types import Unwatched

ON_ITS_WAY = "restoring"  # in the data folder: the backup's name
LOCAL = "local"
Say = Callable[[str], None]


def restore(place: Place, name: str, say: Say, masters: Collection[Master] = ()) -> Manifest:
    """`masters` are put beside those that are at hand. Raises BackupError, NoSpace, Unavailable."""
    manifest = read_manifest(place, name)
    check_lists(place, name, manifest)
    require_masters(manifest, masters)
    mark = Path(settings.DATA_DIR) / ON_ITS_WAY
    if not (mark.exists() and mark.read_text() == name):
        require_empty()
    say("Looking for all files …")
    require_files(place, name, manifest)
    mark.write_text(name)
    for master in masters:
        if master not in known_masters():
            add_to_file(master)
    known = prepare(manifest)
    say(f"Bringing {manifest.files} files …")
    _bring(place, name, say)
    say(f"Loading {manifest.rows} rows …")
    load(known, lines_of(place, name, DATABASE))
    bring_up()
    forget_engines()
    end_what_went_on(manifest)
    mark.unlink()
    return manifest


def require_empty() -> None:
    """Raises BackupError."""
    if what := what_is_there():
        raise BackupError("console-backup-not-empty", what=what)
    of_regions, of_buckets = Path(settings.DATA_DIR) / "regions", Path(settings.BUCKET_DIR) / "objects"
    files = chain(of_regions.glob("*/*/**/*"), of_buckets.rglob("*"))
    if found := next(filter(Path.is_file, files), None):
        raise BackupError("console-backup-not-empty", what=str(found))


def require_masters(manifest: Manifest, masters: Collection[Master]) -> None:
    """Whether those that somebody named are the ones. Raises BackupError."""
    there = {master.fingerprint for master in (*masters, *known_masters())}
    if masters and (lacks := [each for each in manifest.masters if each not in there]):
        raise BackupError("console-backup-wrong-master", fingerprint=", ".join(lacks))


def require_files(place: Place, name: str, manifest: Manifest) -> None:
    """Whether all are there and whole, by their sizes, and have somewhere to go. Raises BackupError."""
    missing, first = 0, ""
    for file in files_of(place, name):
        engine = manifest.regions.get(file.region, "")
        if file.region != BUCKETS and engine != LOCAL:
            raise BackupError("console-backup-region", region=file.region, engine=engine or "-")
        if not place.has(file.checksum, file.size_bytes):
            missing, first = missing + 1, first or f"{file.region}/{file.name}"
    if missing:
        raise BackupError("console-backup-bytes-missing", count=missing, what=first)


@dataclass(frozen=True)
class Kept:
    """The bytes of a file at a place, as an engine reads them."""

    place: Place
    checksum: str
    size_bytes: int

    def open(self, offset: int = 0) -> BinaryIO:
        stream = self.place.object(self.checksum)
        if offset:
            stream.seek(offset)
        return stream


def _bring(place: Place, name: str, say: Say) -> None:
    """Files of the same bytes that never change are one file again."""
    brought, work = Listed(), Unwatched()
    for number, file in enumerate(files_of(place, name), 1):
        source = Kept(place, file.checksum, file.size_bytes)
        try:
            if file.region == BUCKETS:
                _put_object(file, source)
            else:
                key = f"{file.region} {file.checksum}"
                engine = local_engine(file.region)
                engine.put_back(file.name, source, file.checksum, like=brought.get(key) or "", work=work)
                if key not in brought:
                    brought.add([(key, file.name)])
        except (BadImage, OSError) as error:
            raise BackupError("console-backup-damaged", what=f"{file.region}/{file.name}") from error
        if number % 1000 == 0:
            say(f"{number} files are here …")


def _put_object(file: StoredFile, source: Kept) -> None:
    """An object of a bucket. Raises BadImage, BackupError: there is no folder for it here."""
    if not is_local():
        raise BackupError("console-backup-region", region=BUCKETS, engine="S3")
    algorithm, _, digits = file.checksum.partition(":")
    with source.open() as stream:
        if (found := digits_of(stream, algorithm)) != digits:
            raise BadImage("transfer-differs", found=found, wanted=digits)
    storage().delete(file.name)
    with source.open() as stream:
        storage().save(file.name, File(stream))
