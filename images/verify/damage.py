"""What is written when stored bytes were looked at: found as they were, changed, or gone.

Everything that shares the bytes shares their fate: images in use or in the trash, backups, and servers that rest on
them.
"""

from collections.abc import Collection

from django.db.models import Q, QuerySet

from images.models import Image, ImageDisk
from imsconsole.accounts.actor import members_of
from imsconsole.accounts.models import Role
from imsconsole.cloud.models import Backup, BackupDisk, Disk
from imsconsole.core.locks import locked_all
from imsconsole.core.now import now
from imsconsole.notifications.models import Message
from imsconsole.notifications.send import send

DAMAGED, MISSING = "bytes-damaged", "bytes-missing"
WRITERS = (Role.FULL_ACCESS, Role.ADMINISTRATOR)


def record_good(region: str, refs: Collection[str]) -> None:
    """The bytes are what they were. What was frozen for their sake is Normal again."""
    disks, backup_disks = _disks(region, refs), _backup_disks(region, refs)
    thawed = locked_all(_images(disks.filter(damaged_at__isnull=False)))
    mended = list(_backups(backup_disks.filter(damaged_at__isnull=False)))
    disks.update(verified_at=now(), damaged_at=None)
    backup_disks.update(verified_at=now(), damaged_at=None)
    Disk.objects.damaged().filter(project__region=region, ref__in=refs).update(damaged_at=None)
    for image in thawed:
        if not image.disks.filter(damaged_at__isnull=False).exists():
            Image.objects.filter(pk=image.pk).thaw(DAMAGED, MISSING)
            _tell("image-thawed", image, Message.Level.SUCCESS)
    for backup in mended:
        if not backup.disks.filter(damaged_at__isnull=False).exists():
            _tell("backup-mended", backup, Message.Level.SUCCESS)


def record_bad(region: str, refs: Collection[str], code: str) -> None:
    """The bytes are not what they were (`DAMAGED`) or not there (`MISSING`): nobody is to use them any more.

    Who has them is told once. A server keeps its own link: it is warned of changed bytes, not of a missing name.
    """
    disks, backup_disks = _disks(region, refs), _backup_disks(region, refs)
    images = locked_all(_images(disks.filter(damaged_at=None)))
    backups = list(_backups(backup_disks.filter(damaged_at=None)))
    for each in (disks, backup_disks):
        each.filter(damaged_at=None).update(damaged_at=now())
    Image.objects.filter(disks__in=disks).freeze(code)
    told = "image-bytes-damaged" if code == DAMAGED else "image-bytes-lost"
    for image in images:
        _tell(told, image, Message.Level.ERROR)
    for backup in backups:
        _tell("backup-damaged", backup, Message.Level.ERROR)
    if code == DAMAGED:
        _warn_servers(region, refs, disks)


def _disks(region: str, refs: Collection[str]) -> "QuerySet[ImageDisk]":
    return ImageDisk.objects.filter(image__region=region, ref__in=refs)


def _images(disks: "QuerySet[ImageDisk]") -> "QuerySet[Image]":
    return Image.objects.filter(pk__in=disks.values("image")).select_related("project__account")


def _backup_disks(region: str, refs: Collection[str]) -> "QuerySet[BackupDisk]":
    return BackupDisk.objects.filter(backup__project__region=region, ref__in=refs)


def _backups(disks: "QuerySet[BackupDisk]") -> "QuerySet[Backup]":
    return Backup.objects.filter(disks__in=disks).select_related("project__account").distinct()


def _warn_servers(region: str, refs: Collection[str], disks: "QuerySet[ImageDisk]") -> None:
    """Servers that rest on the bytes, and those that are being made from them."""
    begun = Q(ref="", role=Disk.Role.SYSTEM, image__disks__in=disks)
    found = Disk.objects.existing().filter(Q(ref__in=refs) | begun, project__region=region, damaged_at=None)
    resting = list(found.select_related("server", "project__account").distinct())
    Disk.objects.filter(pk__in=[disk.pk for disk in resting]).update(damaged_at=now())
    for disk in resting:
        if disk.server and not disk.beside:
            send(
                "server-damaged",
                to=members_of(disk.project, *WRITERS),
                values={"name": disk.server.name},
                level=Message.Level.ERROR,
                project=disk.project,
                subject=("server", disk.server.pk),
            )


def _tell(code: str, thing: Image | Backup, level: Message.Level) -> None:
    """The owner; of public images the operators read on their start page."""
    if thing.project is not None:
        send(
            code,
            to=members_of(thing.project, *WRITERS),
            values={"name": thing.name},
            level=level,
            project=thing.project,
            subject=("backup" if isinstance(thing, Backup) else "image", thing.pk),
        )
