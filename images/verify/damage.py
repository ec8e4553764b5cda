"""What is written when stored bytes were looked at: found as they were, changed, or gone.

Everything that shares the bytes shares their fate: images in use or in the trash, backups, and servers that rest on
them.
"""

from collections.abc import Collection

from django.db.models import Q, QuerySet

from images.models import Image, ImageDisk, ImageQuerySet
from imsconsole.accounts.actor import members_of
from imsconsole.accounts.models import Role
from imsconsole.cloud.models import Backup, BackupDisk, Disk, StoredBytes
from imsconsole.core.locks import locked_all
from imsconsole.core.now import now
from imsconsole.notifications.models import Message
from imsconsole.notifications.send import send

DAMAGED, MISSING = "bytes-damaged", "bytes-missing"
GONE = "cloud-image-gone"  # they belong to a cloud, which does not offer them any more
WRITERS = (Role.FULL_ACCESS, Role.ADMINISTRATOR)


def record_good(stored: StoredBytes, resting: Collection[str]) -> None:
    """The bytes are what they were. What was frozen for their sake is Normal again, unless other bytes of it are not."""
    images, backups = _images(stored), _backups(stored)
    rows = StoredBytes.objects.filter(pk=stored.pk)
    frozen = [image for image in locked_all(images) if image.error_code in (DAMAGED, MISSING, GONE)]
    Disk.objects.damaged().filter(project__region=stored.region_id, ref__in=resting).update(damaged_at=None)
    was_damaged = locked_all(rows.filter(damaged_at__isnull=False))
    rows.update(verified_at=now(), damaged_at=None)
    for image in frozen:
        if not image.disks.filter(stored__damaged_at__isnull=False).exists():
            Image.objects.filter(pk=image.pk).thaw(DAMAGED, MISSING, GONE)
            _tell("image-thawed", image, Message.Level.SUCCESS)
    for backup in backups if was_damaged else ():
        if not backup.disks.filter(stored__damaged_at__isnull=False).exists():
            _tell("backup-mended", backup, Message.Level.SUCCESS)


def record_bad(stored: StoredBytes, resting: Collection[str], code: str) -> None:
    """The bytes are not what they were (`DAMAGED`) or not there (`MISSING`, `GONE`): nobody is to use them any more.

    Who has them is told once. A server keeps its own link: it is warned of changed bytes, not of a missing name.
    """
    images = locked_all(_images(stored))
    _images(stored).freeze(code)
    warned = _warned_servers(stored, resting) if code == DAMAGED else []
    found = locked_all(StoredBytes.objects.filter(pk=stored.pk, damaged_at=None))
    StoredBytes.objects.filter(pk__in=[each.pk for each in found]).update(damaged_at=now())
    told = "image-bytes-damaged" if code == DAMAGED else "image-bytes-lost"
    for image in images if found else ():
        _tell(told, image, Message.Level.ERROR)
    for backup in _backups(stored) if found else ():
        _tell("backup-damaged", backup, Message.Level.ERROR)
    for disk in warned:
        if disk.server and not disk.beside:
            send(
                "server-damaged",
                to=members_of(disk.project, *WRITERS),
                values={"name": disk.server.name},
                level=Message.Level.ERROR,
                project=disk.project,
                subject=("server", disk.server.pk),
            )


def _images(stored: StoredBytes) -> ImageQuerySet:
    disks = ImageDisk.objects.filter(stored=stored)
    return Image.objects.filter(pk__in=disks.values("image")).select_related("project__account")


def _backups(stored: StoredBytes) -> "QuerySet[Backup]":
    backups = Backup.objects.filter(pk__in=BackupDisk.objects.filter(stored=stored).values("backup"))
    return backups.select_related("project__account")


def _warned_servers(stored: StoredBytes, resting: Collection[str]) -> list[Disk]:
    """Disks that rest on the bytes, and those that are being made from them: marked, those that were not."""
    begun = Q(ref="", role=Disk.Role.SYSTEM, image__disks__stored=stored)
    found = Disk.objects.existing().filter(
        Q(ref__in=resting) | begun, project__region=stored.region_id, damaged_at=None
    )
    disks = list(found.select_related("server", "project__account").distinct())
    Disk.objects.filter(pk__in=[disk.pk for disk in disks]).update(damaged_at=now())
    return disks


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
