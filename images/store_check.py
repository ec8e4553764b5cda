"""Do the database, the disk and the processes agree? Every difference, and how it is put right.

What a live job holds is left alone: its files carry its ID, and it cleans up after itself.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from images.models import Image, ImageDisk, Upload
from imsconsole.accounts.models import Region
from imsconsole.cloud.backups.rules import WORKING as BACKUP_AT_WORK
from imsconsole.cloud.buckets.store import remove_bytes
from imsconsole.cloud.buckets.sweep import objects_without_bytes, ownerless_bytes
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import Backup, BackupDisk, Disk, Server
from imsconsole.cloud.reconcile import reconcile_server
from imsconsole.cloud.volumes.rules import WORKING
from imsconsole.core.now import now
from imsconsole.engine.api import Engine
from imsconsole.engine.types import Inventory
from imsconsole.jobs.models import Job, Reservation

WORK_DIR = "work"
IMAGE_AT_WORK = (Image.Status.QUEUED, Image.Status.SAVING)
SERVER_AT_WORK = (
    Server.Status.CREATING,
    Server.Status.STARTING,
    Server.Status.STOPPING,
    Server.Status.REBOOTING,
    Server.Status.CHANGING_OS,
    Server.Status.REINSTALLING,
    Server.Status.RESTORING,
    Server.Status.DELETING,
)


@dataclass(frozen=True)
class Difference:
    """Something that does not agree. `repair` puts it right; None when only a person can."""

    what: str
    repair: Callable[[], object] | None


def differences() -> Iterator[Difference]:
    """All differences of all regions."""
    busy = Busy()
    for region in Region.objects.all():
        engine = engine_for(region)
        inventory = engine.inventory()
        yield from _stored(region, engine, inventory, busy)
        yield from _backups(region, inventory, busy)
        yield from _disks(region, engine, inventory, busy)
        yield from _servers(region, engine, inventory, busy)
        yield from _scraps(engine, inventory, busy)
    yield from _uploads()
    yield from _objects()
    yield from _work_files(busy)
    yield from _rows_at_work(busy)
    yield from _tasks(busy)
    yield from _reservations()


class Busy:
    """What live jobs hold."""

    def __init__(self) -> None:
        live = Job.objects.live().values_list("pk", "subject_id", "args")
        self._jobs = {pk.hex for pk, _, _ in live}
        self.subjects = {subject for _, subject, _ in live}
        self.subjects |= {UUID(each) for _, _, args in live for each in args.get("holds", ())}

    def made(self, name: str) -> bool:
        """Whether a file's name carries a live job's token."""
        return any(job in name for job in self._jobs)


def _stored(region: Region, engine: Engine, inventory: Inventory, busy: Busy) -> Iterator[Difference]:
    rows = ImageDisk.objects.filter(image__region=region).exclude(ref="").select_related("image")
    known = {disk.ref: disk for disk in rows}
    backed_up = set(_of_backups(region).values_list("ref", flat=True))
    wanted = {ref for ref, disk in known.items() if disk.image.status != Image.Status.DELETED}
    at_work = {ref for ref, disk in known.items() if disk.image_id in busy.subjects}
    for ref in sorted(inventory.stored - wanted - at_work - backed_up):
        if not busy.made(ref):
            yield Difference(
                f"{region.code}: stored file {ref} belongs to no image and no backup",
                partial(engine.delete, ref),
            )
    for ref in sorted(wanted - inventory.stored - at_work):
        image = known[ref].image
        yield Difference(f"{region.code}: image {image} ({image.pk}) has lost its file {ref}", _freeze(image))


def _of_backups(region: Region) -> QuerySet[BackupDisk]:
    return BackupDisk.objects.filter(backup__project__region=region).exclude(ref="")


def _backups(region: Region, inventory: Inventory, busy: Busy) -> Iterator[Difference]:
    """A backup that has lost a file holds nothing that could be restored; one that failed claims nothing."""
    rows = _of_backups(region).exclude(backup__status=Backup.Status.FAILED)
    known = {disk.ref: disk for disk in rows.select_related("backup")}
    lost = {"status": Backup.Status.FAILED, "error_code": "bytes-missing"}
    for ref in sorted(known.keys() - inventory.stored):
        backup = known[ref].backup
        if not {backup.pk, backup.server_id} & busy.subjects:
            yield Difference(
                f"{region.code}: backup {backup} ({backup.pk}) has lost its file {ref}",
                partial(Backup.objects.filter(pk=backup.pk).update, **lost),
            )


def _freeze(image: Image) -> Callable[[], object]:
    return lambda: Image.objects.filter(pk=image.pk).freeze("bytes-missing")


def _disks(region: Region, engine: Engine, inventory: Inventory, busy: Busy) -> Iterator[Difference]:
    rows = Disk.objects.existing().filter(project__region=region).exclude(ref="")
    known = {disk.ref: disk for disk in rows}
    at_work = {
        ref for ref, disk in known.items() if disk.server_id in busy.subjects or disk.pk in busy.subjects
    }
    for ref in sorted(inventory.disks - known.keys()):
        if not busy.made(ref) and not _is_of(ref, busy.subjects):
            yield Difference(
                f"{region.code}: disk file {ref} belongs to no disk", partial(engine.delete_disk, ref)
            )
    for ref in sorted(known.keys() - inventory.disks - at_work):
        disk = known[ref]
        yield Difference(
            f"{region.code}: disk {disk} ({disk.pk}) has lost its file {ref}",
            _forget(disk) if disk.kept_until else None,
        )


def _forget(disk: Disk) -> Callable[[], object]:
    """A former system disk nobody runs from: without its file there is nothing to bring back."""
    gone = {"status": Disk.Status.DELETED, "deleted_at": now(), "kept_until": None, "ref": ""}
    return lambda: Disk.objects.filter(pk=disk.pk).update(**gone)


def _servers(region: Region, engine: Engine, inventory: Inventory, busy: Busy) -> Iterator[Difference]:
    rows = Server.objects.existing().filter(project__region=region).exclude(pk__in=busy.subjects)
    known = {server.ref: server for server in rows if server.ref}
    for ref in sorted(inventory.servers - known.keys()):
        if not _is_of(ref, busy.subjects):
            yield Difference(
                f"{region.code}: folder of server {ref} belongs to no server",
                partial(engine.delete_server, ref),
            )
    for ref in sorted(known.keys() - inventory.servers):
        yield Difference(f"{region.code}: server {known[ref]} ({ref}) has lost its folder", None)
    for server in rows:
        runs = server.pk in inventory.running
        if runs != (server.status == Server.Status.RUNNING):
            shown = "runs" if runs else "does not run"
            yield Difference(
                f"{region.code}: server {server} ({server.pk}) {shown} but is {server.status}",
                partial(reconcile_server, server),
            )


def _is_of(ref: str, subjects: set[UUID]) -> bool:
    return any(str(subject) in ref for subject in subjects)


def _scraps(engine: Engine, inventory: Inventory, busy: Busy) -> Iterator[Difference]:
    for name in sorted(inventory.scraps):
        if not busy.made(name) and not name.startswith("read-"):
            yield Difference(f"unfinished file {name} belongs to no running job", partial(engine.sweep, name))


def _uploads() -> Iterator[Difference]:
    known = {upload.id.hex: upload for upload in Upload.objects.exclude(state=Upload.State.REFUSED)}
    present = {path.name: path for path in Path(settings.UPLOAD_DIR).glob("*")}
    for name in sorted(present.keys() - known.keys()):
        yield Difference(f"uploaded file {name} belongs to no upload", present[name].unlink)
    for name in sorted(known.keys() - present.keys()):
        if known[name].state == Upload.State.COMPLETE:
            yield Difference(f"upload {known[name]} ({known[name].pk}) has lost its file", known[name].delete)


def _objects() -> Iterator[Difference]:
    for pk in ownerless_bytes():
        yield Difference(f"bytes {pk} of an object belong to no row", partial(remove_bytes, pk))
    for each in objects_without_bytes():
        yield Difference(f"object {each.bucket}/{each} ({each.pk}) has lost its bytes", None)


def _work_files(busy: Busy) -> Iterator[Difference]:
    for path in sorted((Path(settings.DATA_DIR) / WORK_DIR).glob("*")):
        if not busy.made(path.name):
            yield Difference(f"work file {path.name} belongs to no running job", path.unlink)


def _rows_at_work(busy: Busy) -> Iterator[Difference]:
    for image in Image.objects.filter(status__in=IMAGE_AT_WORK).exclude(pk__in=busy.subjects):
        yield Difference(f"image {image} ({image.pk}) is {image.status} but no job works on it", None)
    for server in Server.objects.filter(status__in=SERVER_AT_WORK).exclude(pk__in=busy.subjects):
        yield Difference(
            f"server {server} ({server.pk}) is {server.status} but no job works on it",
            partial(reconcile_server, server),
        )
    backups = Backup.objects.existing().filter(status__in=BACKUP_AT_WORK).exclude(pk__in=busy.subjects)
    for backup in backups:
        yield Difference(f"backup {backup} ({backup.pk}) is {backup.status} but no job works on it", None)
    disks = Disk.objects.existing().filter(status__in=WORKING).exclude(pk__in=busy.subjects)
    for disk in disks:
        if disk.server_id not in busy.subjects:
            yield Difference(f"disk {disk} ({disk.pk}) is {disk.status} but no job works on it", None)


def _tasks(busy: Busy) -> Iterator[Difference]:
    for server in Server.objects.existing().exclude(task="").exclude(pk__in=busy.subjects):
        yield Difference(
            f"server {server} ({server.pk}) has the task {server.task} but no job works on it",
            partial(Server.objects.filter(pk=server.pk).update, task=""),
        )


def _reservations() -> Iterator[Difference]:
    for row in Reservation.objects.exclude(job__in=Job.objects.live()):
        yield Difference(f"reservation of {row} outlived its job {row.job_id}", row.delete)
