"""What the clock does about bytes that nobody looks at: it reads them again, a few at a time."""

import logging
from datetime import timedelta
from heapq import merge

from django.conf import settings
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from images.models import Image, ImageDisk
from images.public.platform import platform_actor
from images.verify.jobs import Stored, VerifyStored
from images.verify.orphans import remove_orphans
from imsconsole.accounts.models import Region
from imsconsole.cloud.models import BackupDisk
from imsconsole.core.errors import Conflict
from imsconsole.core.now import furthest, now
from imsconsole.core.periodic import Periodic
from imsconsole.jobs.models import Job
from imsconsole.jobs.start import start_job

logger = logging.getLogger(__name__)
EVERY = timedelta(hours=1)


def verify_oldest() -> None:
    """In each region a job over what was not verified for longest, unless the last one is still at work."""
    if not settings.IMS_VERIFY_DAYS or Job.objects.live().filter(kind=VerifyStored.kind).exists():
        return
    for region in Region.objects.all():
        if due := due_disks(region, timedelta(days=settings.IMS_VERIFY_DAYS)):
            try:
                start_job(VerifyStored, due[0], actor=platform_actor(), disks=[str(disk.pk) for disk in due])
            except Conflict as error:
                logger.info("Stored bytes in region %s are verified at the next run: %s", region.pk, error)


def due_disks(region: Region, within: timedelta) -> list[Stored]:
    """The share of one run, the longest unseen first, so that everything is read once `within` that time.

    It begins when half of the time is over. Bytes with several names are read once. Nobody can ask for a backup
    to be read again, so one that was found damaged is read until it is right.
    """
    images = ImageDisk.objects.filter(image__region=region).exclude(image__status=Image.Status.DELETED)
    backups = BackupDisk.objects.filter(backup__project__region=region, backup__deleted_at=None)
    unseen = Q(last__lt=now() - within / 2) | Q(last__gt=furthest(timedelta(0)))
    found = [
        (images, F("image__created_at"), F("bytes_id"), unseen),
        (backups, F("backup__created_at"), F("pk"), unseen | Q(damaged_at__isnull=False)),
    ]
    rows, total = [], 0
    for disks, created, name, is_due in found:
        there = disks.exclude(ref="").exclude(sha256="")
        total += there.aggregate(total=Sum("size_bytes"))["total"] or 0
        aged = there.annotate(last=Coalesce(F("verified_at"), created), same=name)
        rows.append(aged.filter(is_due).order_by("last", "pk").iterator(chunk_size=200))
    share = total * EVERY / (within / 2)
    due: list[Stored] = []
    seen, taken = set(), 0
    for disk in merge(*rows, key=lambda disk: (disk.last, disk.pk)):
        if disk.same in seen:
            continue
        if due and taken + disk.size_bytes > share:
            break
        seen.add(disk.same)
        due.append(disk)
        taken += disk.size_bytes
    return due


PERIODIC = (
    Periodic("images.verify_oldest", EVERY, verify_oldest),
    Periodic("images.remove_orphans", timedelta(minutes=10), remove_orphans, on_each_host=True),
)
