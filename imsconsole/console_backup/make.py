"""Making a backup while everything runs."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from imsconsole.cloud.keys.material import masters_needed
from imsconsole.cloud.models import Disk, Server
from imsconsole.cloud.servers.specs import disk_spec, server_spec
from imsconsole.console_backup.listed import Listed
from imsconsole.console_backup.manifest import FORM, Manifest, StoredFile, packed, sha256_of
from imsconsole.console_backup.places import DATABASE, FILES, MANIFEST, BackupError, Place
from imsconsole.console_backup.snapshot import migrations, one_instant, write_rows
from imsconsole.console_backup.wanted import AllHeld, Wanted, things_in, wanted
from imsconsole.core.checksums import file_digest
from imsconsole.core.errors import ImsError
from imsconsole.core.folders import locked_folder
from imsconsole.core.full_disk import raises_no_space
from imsconsole.core.now import now
from imsconsole.core.sentences import explained, lasting_values
from imsconsole.engine.api import Held
from imsconsole.engine.types import DiskSpec, Kind, ServerSpec, Work

TRIES = 5
MOST_WARNINGS = 100


@dataclass
class Made:
    """What has come together so far."""

    rows: int = 0
    files: int = 0
    size_bytes: int = 0
    new_bytes: int = 0
    taken_at: datetime = field(default_factory=now)
    masters: list[str] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    # disks that were not written to since the last backup, by region and name: a guest may start from one by now
    unchanged: dict[tuple[str, str], StoredFile] = field(default_factory=dict)

    digests: dict[tuple[int, int], str] = field(default_factory=dict)


def warn(made: Made, code: str, **values: Any) -> None:
    """Something that the backup lacks, or has of several instants."""
    error = BackupError(code, **values)
    if len(made.warnings) < MOST_WARNINGS:
        made.warnings.append({"code": error.code, "values": lasting_values(error)})


def make_backup(place: Place, before: Listed, *, job: UUID, work: Work) -> tuple[str, Manifest]:
    """One more backup at the place, and its name. `before` are the stamps and checksums of the last one's files (`stamps_of`).

    Raises BackupError, NoSpace (for what is made on this host), and what the work raises.
    """
    place.clear()
    with ExitStack() as holds, raises_no_space():
        folder = holds.enter_context(locked_folder(Path(settings.TEMP_DIR)))
        held, made = AllHeld(holds), Made()
        done = Doing(place, before, made, work)
        things = _rows(folder, held, made, work)
        _settle_disks(held, things, done)
        with packed(folder / FILES) as out:
            for each in _kept(held, things, done):
                out.write(each.line())
        manifest = _manifest(folder, held, made, job)
        manifest.write(folder / MANIFEST)
        name = f"{made.taken_at.astimezone(UTC):%Y%m%dT%H%M%SZ-%f}"
        work.hold()
        for part in (DATABASE, FILES, MANIFEST):
            place.write(f"backups/{name}/{part}", folder / part)
    return name, manifest


def _rows(folder: Path, held: AllHeld, made: Made, work: Work) -> Listed:
    """Write the rows; the files they name are held. What is not there twice was lost before."""
    held.hold_all(wanted(held.here))
    missing_before: set[str] = set()
    for _ in range(TRIES):
        work.hold()
        with one_instant(), packed(folder / DATABASE) as out:
            made.taken_at = now()
            made.rows, made.masters = write_rows(out), masters_needed()
            named = Listed(each.listed for each in wanted(held.here))
        things, missing = held.hold_all(things_in(named))
        if not missing - missing_before:
            for key in sorted(missing):
                warn(made, "console-backup-file-missing", name=key)
            return things
        missing_before = missing
    raise BackupError("console-backup-too-lively")


def _settle_disks(held: AllHeld, things: Listed, done: "Doing") -> None:
    """The disks of each server as they are at one instant, then those that no server has."""
    for region in held.here:
        left = {each.id: each for each in things_in(things, f"{region} {Kind.DISK} ")}
        for server in Server.objects.existing().filter(project__region=region).exclude(ref="").order_by("pk"):
            spec = server_spec(server)
            if disks := [disk for disk in spec.disks if disk.id in left and disk.ref == left[disk.id].ref]:
                for disk in disks:
                    del left[disk.id]
                _still(held, region, spec, disks, done)
        rows = {disk.pk: disk for disk in Disk.objects.filter(pk__in=left).select_related("key")}
        for pk, thing in left.items():
            size_bytes = disk_spec(rows[pk]).size_bytes if pk in rows else 0
            _still(held, region, None, [DiskSpec(pk, thing.ref, 1, size_bytes)], done)


def _still(
    held: AllHeld, region: str, server: ServerSpec | None, disks: list[DiskSpec], done: "Doing"
) -> None:
    of_region = held.of(region)
    names = [name for disk in disks for name in of_region.take(Kind.DISK, disk.ref)]
    known = {name: file for name in names if (file := done.unchanged(region, name, of_region.path(name)))}
    times = {name: int(file.stamp) for name, file in known.items()}
    told = str(server.id if server else disks[0].id)
    try:
        if not of_region.still(server, disks, known=times, work=done.work):
            warn(done.made, "console-backup-disk-written", name=told)
            known = {}
    except ImsError as error:
        if not server:
            raise
        warn(
            done.made,
            "console-backup-disk-failed",
            name=told,
            why=explained(error.code, lasting_values(error)),
        )
        known = {}
    done.made.unchanged |= {
        (region, name): file for name, file in known.items() if not _is_a_copy(of_region.path(name))
    }


def _kept(held: AllHeld, things: Listed, done: "Doing") -> Iterator[StoredFile]:
    """Every held file, brought to the place unless it has it."""
    total = len(things)
    for number, thing in enumerate(things_in(things), 1):
        for name in thing.files:
            if file := _brought(held.of(thing.region), thing, name, done):
                done.made.files += 1
                done.made.size_bytes += file.size_bytes
                yield file
        done.work.report(number, total)


def _brought(held: Held, thing: Wanted, name: str, done: "Doing") -> StoredFile | None:
    """None of one that is not what its row says: somebody has changed it."""
    if file := done.made.unchanged.get((thing.region, name)):
        return file
    path = held.path(name)
    size, known, stamp = path.stat().st_size, thing.checksum, _stamp(path)
    if not known and (file := done.unchanged(thing.region, name, path)):
        return file
    if not known and held.is_final(name):
        known = done.digest_of(path)
    if not (known and done.place.has(known, size)):
        is_final = held.is_final(name) or _is_a_copy(path)
        found = done.place.put(path, known, is_final=is_final, progress=lambda _done: done.work.report(0, 0))
        if found != (known or found):
            warn(done.made, "console-backup-file-damaged", name=f"{thing.region} {name}")
            return None
        known = found
        done.made.new_bytes += size
    return StoredFile(thing.region, name, known, size, stamp if stamp == _stamp(path) else "")


@dataclass(frozen=True)
class Doing:
    """A backup on its way: `before` tells by `stamps_of` what the last one had."""

    place: Place
    before: Listed
    made: Made
    work: Work

    def digest_of(self, path: Path) -> str:
        """The checksum of what never changes, read once under however many names: the image under system disks."""
        found = path.stat()
        if (inode := (found.st_dev, found.st_ino)) not in self.made.digests:
            digits = file_digest(path, "sha256", lambda _done, _total: self.work.report(0, 0))
            self.made.digests[inode] = f"sha256:{digits}"
        return self.made.digests[inode]

    def unchanged(self, region: str, name: str, path: Path) -> StoredFile | None:
        """What the last backup had of a file that was not written to since, if that is at the place."""
        stamp = _stamp(path)
        if kept := self.before.get(f"{region} {name} {stamp}"):
            checksum, size = kept.split()
            if self.place.has(checksum, int(size)):
                return StoredFile(region, name, checksum, int(size), stamp)
        return None


def stamps_of(files: Iterator[StoredFile]) -> Listed:
    """Checksum and size of each file of a backup, by where it is and when it was written to."""
    return Listed(
        (f"{each.region} {each.name} {each.stamp}", f"{each.checksum} {each.size_bytes}") for each in files
    )


def _stamp(path: Path) -> str:
    """When it was written to. Its size is no part of that: what QEMU copies of a disk is smaller than the disk."""
    return str(path.stat().st_mtime_ns)


def _is_a_copy(path: Path) -> bool:
    """Whether it is ours alone, and no link of a file that somebody else has as well."""
    return path.stat().st_nlink == 1


def _manifest(folder: Path, held: AllHeld, made: Made, job: UUID) -> Manifest:
    sums = {}
    for part in (DATABASE, FILES):
        with (folder / part).open("rb") as stream:
            sums[part] = sha256_of(stream)
    return Manifest(
        form=FORM,
        version=version("ims-console"),
        taken_at=made.taken_at.isoformat(),
        job=str(job),
        migrations=migrations(),
        regions=held.regions,
        rows=made.rows,
        files=made.files,
        size_bytes=made.size_bytes,
        new_bytes=made.new_bytes,
        sha256=sums,
        settings=settings_told(),
        masters=made.masters,
        warnings=made.warnings,
    )


SECRET = (
    "KEY",
    "SECRET",
    "PASSWORD",
    "TOKEN",
    "URL",
)  # in the names of settings that are, or have in them, secrets


def settings_told() -> dict[str, str]:
    """What this console was told by variables, but for secrets."""
    named = {name: value for name, value in os.environ.items() if name.startswith("IMS_")}
    return {name: value for name, value in sorted(named.items()) if not any(word in name for word in SECRET)}
