"""Do the database, the disk and the processes agree? Every difference, and how it is put right.

Of what no row has, only that is told, and removed, which its engine marks as made by this console.
What a live job holds is left alone: its files carry its ID, and it cleans up after itself.
"""

from collections.abc import Callable, Iterator, Mapping, Set
from functools import partial
from typing import TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from images.models import Download, Image, ImageDisk, Upload
from images.verify.differences import Busy, StoreDifference
from images.verify.orphans import orphans
from images.verify.strays import strays, strays_of_region
from imsconsole.accounts.models import Region
from imsconsole.cloud.backups.rules import WORKING as BACKUP_AT_WORK
from imsconsole.cloud.buckets.store import remove_bytes
from imsconsole.cloud.buckets.sweep import objects_without_bytes, ownerless_bytes
from imsconsole.cloud.disks.rules import WORKING
from imsconsole.cloud.models import (
    Backup,
    BackupDisk,
    BytesUse,
    Disk,
    Server,
    StoredBytes,
    StoredBytesQuerySet,
)
from imsconsole.cloud.servers.reconcile import reconcile_server
from imsconsole.cloud.spool.kinds import downloads, uploads
from imsconsole.cloud.stored.removal import remove_unused
from imsconsole.cloud.whole_regions import WholeRegion
from imsconsole.core.now import now
from imsconsole.engine.refs import CLOUD_REF
from imsconsole.engine.types import Inventory, Kind, Unwatched
from imsconsole.jobs.counters import count_anew, is_counting, kept, recount, wrong_amounts
from imsconsole.jobs.models import Job, Reservation

T = TypeVar("T", bound=Model)

IMAGE_AT_WORK = (Image.Status.QUEUED, Image.Status.SAVING)
SERVER_AT_WORK = (
    Server.Status.CREATING,
    Server.Status.STARTING,
    Server.Status.STOPPING,
    Server.Status.REBOOTING,
    Server.Status.CHANGING_OS,
    Server.Status.REINSTALLING,
    Server.Status.RESTORING,
    Server.Status.RESIZING,
    Server.Status.DELETING,
)


def differences() -> Iterator[StoreDifference]:
    """All differences of all regions."""
    busy = Busy()
    for region in Region.objects.all():
        engine = WholeRegion(region)
        inventory = engine.inventory()
        busy.look()
        yield from _stored(region, engine, inventory, busy)
        yield from _disks(region, engine, inventory, busy)
        yield from _servers(region, engine, inventory, busy)
        yield from strays_of_region(region, engine, inventory)
    yield from orphans()
    yield from _lost_uploads()
    yield from _lost_downloads()
    yield from _objects()
    yield from strays()
    yield from _rows_at_work(busy)
    yield from _tasks(busy)
    yield from _reservations()
    yield from _counters()


def _stored(
    region: Region, engine: WholeRegion, inventory: Inventory, busy: Busy
) -> Iterator[StoreDifference]:
    known = {stored.ref: stored for stored in StoredBytes.objects.filter(region=region)}
    wanted = set(_wanted(region, busy).values_list("ref", flat=True))
    for ref in sorted(inventory.stored & inventory.marks.keys() - known.keys()):
        if not busy.made(inventory.marks[ref].token):
            yield StoreDifference(
                f"{region.code}: stored file {ref} belongs to no image and no backup",
                partial(engine.delete, ref, work=Unwatched()),
            )
    for ref in sorted(known.keys() - wanted):
        yield StoreDifference(
            f"{region.code}: stored file {ref} belongs to no image and no backup any more",
            partial(_remove, known[ref]),
        )
    for ref in _missing(Kind.STORED, known, wanted - inventory.stored, engine):
        yield from _lost(known[ref], busy)


def _wanted(region: Region, busy: Busy) -> StoredBytesQuerySet:
    """What images and backups have that are there, or that live jobs delete; and what live jobs read."""
    images = ImageDisk.objects.filter(~Q(image__status=Image.Status.DELETED) | Q(image__in=busy.subjects))
    backups = BackupDisk.objects.filter(backup__deleted_at=None)
    reading = BytesUse.objects.filter(job__in=Job.objects.live())
    of_any = Q(*(Q(pk__in=rows.values("stored")) for rows in (images, backups, reading)), _connector=Q.OR)
    return StoredBytes.objects.filter(of_any, region=region)


def _remove(stored: StoredBytes) -> None:
    """What was deleted has no bytes any more; then nobody has these."""
    ImageDisk.objects.filter(stored=stored, image__status=Image.Status.DELETED).update(stored=None)
    BackupDisk.objects.filter(stored=stored, backup__deleted_at__isnull=False).update(stored=None)
    remove_unused(stored)


def _lost(stored: StoredBytes, busy: Busy) -> Iterator[StoreDifference]:
    """A backup that has lost a file holds nothing that could be restored; one that failed claims nothing."""
    region, ref = stored.region.code, stored.ref
    for image in Image.objects.filter(disks__stored=stored).exclude(status=Image.Status.DELETED):
        if image.pk not in busy.subjects:
            yield StoreDifference(
                f"{region}: image {image} ({image.pk}) has lost its file {ref}", _freeze(image)
            )
    lost = {"status": Backup.Status.FAILED, "error_code": "bytes-missing"}
    for backup in Backup.objects.existing().filter(disks__stored=stored).exclude(status=Backup.Status.FAILED):
        if not {backup.pk, backup.server_id} & busy.subjects:
            yield StoreDifference(
                f"{region}: backup {backup} ({backup.pk}) has lost its file {ref}",
                partial(Backup.objects.filter(pk=backup.pk).update, **lost),
            )


def _missing(kind: Kind, known: Mapping[str, Model], refs: Set[str], engine: WholeRegion) -> list[str]:
    """Those that are not there now either: a row may be younger than the inventory it was compared with."""
    return sorted(ref for ref in refs if ref not in engine.find(kind, _id_in(ref) or known[ref].pk))


def _id_in(ref: str) -> UUID | None:
    """The ID that a reference of a cloud says: that of its row, or of what the cloud lends, which is in no inventory."""
    found = CLOUD_REF.fullmatch(ref)
    return UUID(found[1]) if found else None


def _freeze(image: Image) -> Callable[[], object]:
    return lambda: Image.objects.filter(pk=image.pk).freeze("bytes-missing")


def _disks(
    region: Region, engine: WholeRegion, inventory: Inventory, busy: Busy
) -> Iterator[StoreDifference]:
    rows = Disk.objects.existing().filter(project__region=region).exclude(ref="")
    known = {disk.ref: disk for disk in rows}
    at_work = {
        ref for ref, disk in known.items() if disk.server_id in busy.subjects or disk.pk in busy.subjects
    }
    of_busy = set(Disk.objects.filter(server__in=busy.subjects).values_list("pk", flat=True)) | busy.subjects
    for ref in sorted(inventory.disks & inventory.marks.keys() - known.keys()):
        mark = inventory.marks[ref]
        if not busy.made(mark.token) and mark.id not in of_busy:
            yield StoreDifference(
                f"{region.code}: disk file {ref} belongs to no disk",
                partial(engine.delete_disk, ref, work=Unwatched()),
            )
    for ref in _missing(Kind.DISK, known, known.keys() - inventory.disks - at_work, engine):
        disk = known[ref]
        yield StoreDifference(
            f"{region.code}: disk {disk} ({disk.pk}) has lost its file {ref}",
            _forget(disk) if disk.kept_until else None,
        )


def _forget(disk: Disk) -> Callable[[], object]:
    """A former system disk nobody runs from: without its file there is nothing to bring back."""
    gone = {"status": Disk.Status.DELETED, "deleted_at": now(), "kept_until": None, "ref": ""}
    return lambda: Disk.objects.filter(pk=disk.pk).update(**gone)


def _servers(
    region: Region, engine: WholeRegion, inventory: Inventory, busy: Busy
) -> Iterator[StoreDifference]:
    rows = Server.objects.existing().filter(project__region=region).exclude(pk__in=busy.subjects)
    known = {server.ref: server for server in rows if server.ref}
    for ref in sorted(inventory.servers & inventory.marks.keys() - known.keys()):
        if inventory.marks[ref].id not in busy.subjects:
            yield StoreDifference(
                f"{region.code}: folder of server {ref} belongs to no server",
                partial(engine.delete_server, ref, work=Unwatched()),
            )
    for ref in _missing(Kind.SERVER, known, known.keys() - inventory.servers, engine):
        yield StoreDifference(f"{region.code}: server {known[ref]} ({ref}) has lost its folder", None)
    for server in rows:
        runs = server.ref in inventory.running
        if runs != (server.status == Server.Status.RUNNING):
            shown = "runs" if runs else "does not run"
            yield StoreDifference(
                f"{region.code}: server {server} ({server.pk}) {shown} but is {server.status}",
                partial(reconcile_server, server),
            )


def _lost_uploads() -> Iterator[StoreDifference]:
    for upload in Upload.objects.filter(state__in=(Upload.State.EXAMINING, Upload.State.COMPLETE)):
        if not uploads().has(upload.pk):
            yield StoreDifference(f"upload {upload} ({upload.pk}) has lost its file", upload.delete)


def _lost_downloads() -> Iterator[StoreDifference]:
    for download in Download.objects.filter(state=Download.State.READY):
        if not downloads().has(download.pk):
            yield StoreDifference(f"download {download} ({download.pk}) has lost its file", download.delete)


def _objects() -> Iterator[StoreDifference]:
    for pk in ownerless_bytes():
        yield StoreDifference(f"bytes {pk} of an object belong to no row", partial(remove_bytes, pk))
    for each in objects_without_bytes():
        yield StoreDifference(f"object {each.bucket}/{each} ({each.pk}) has lost its bytes", None)


def _rows_at_work(busy: Busy) -> Iterator[StoreDifference]:
    for image in _idle(Image.objects.filter(status__in=IMAGE_AT_WORK), busy):
        yield StoreDifference(f"image {image} ({image.pk}) is {image.status} but no job works on it", None)
    for server in _idle(Server.objects.filter(status__in=SERVER_AT_WORK), busy):
        yield StoreDifference(
            f"server {server} ({server.pk}) is {server.status} but no job works on it",
            partial(reconcile_server, server),
        )
    for backup in _idle(Backup.objects.existing().filter(status__in=BACKUP_AT_WORK), busy):
        yield StoreDifference(
            f"backup {backup} ({backup.pk}) is {backup.status} but no job works on it", None
        )
    for disk in _idle(Disk.objects.existing().filter(status__in=WORKING), busy):
        if disk.server_id not in busy.subjects:
            yield StoreDifference(f"disk {disk} ({disk.pk}) is {disk.status} but no job works on it", None)


def _tasks(busy: Busy) -> Iterator[StoreDifference]:
    for server in _idle(Server.objects.existing().exclude(task=""), busy):
        yield StoreDifference(
            f"server {server} ({server.pk}) has the task {server.task} but no job works on it",
            partial(Server.objects.filter(pk=server.pk).update, task=""),
        )


def _idle(rows: QuerySet[T], busy: Busy) -> list[T]:
    """Those that no job is about. A state of work comes with its job: so the rows are read first."""
    found = list(rows)
    busy.look()
    return [row for row in found if row.pk not in busy.subjects]


def _reservations() -> Iterator[StoreDifference]:
    for row in Reservation.objects.exclude(job__in=Job.objects.live()):
        yield StoreDifference(f"reservation of {row} outlived its job {row.job_id}", row.delete)


def _counters() -> Iterator[StoreDifference]:
    if not is_counting():
        yield StoreDifference("the database does not count what is used of quotas", count_anew)
    for project, what in (wrong for each in kept() for wrong in each.wrong()):
        yield StoreDifference(f"project {project}: {what} are not as they were noted", recount)
    for project, resource, there, noted in wrong_amounts():
        yield StoreDifference(f"project {project} uses {there} of {resource}, but {noted} was noted", recount)
