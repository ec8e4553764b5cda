"""What the clock does about bytes that nobody looks at: it reads them again, a few at a time."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from heapq import merge
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Sum

from images.public.platform import platform_actor
from images.verify.jobs import VerifyStored
from images.verify.orphans import remove_orphans
from imsconsole.accounts.models import Region
from imsconsole.cloud.models import BackupDisk, StoredBytes
from imsconsole.cloud.models.stored import SEEN
from imsconsole.cloud.stored.rows import use_stored
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
        if due := due_bytes(region, timedelta(days=settings.IMS_VERIFY_DAYS)):
            try:
                _verify(due)
            except Conflict as error:
                logger.info("Stored bytes in region %s are verified at the next run: %s", region.pk, error)


@transaction.atomic
def _verify(due: list[StoredBytes]) -> None:
    job = start_job(VerifyStored, due[0], actor=platform_actor(), stored=[str(stored.pk) for stored in due])
    use_stored(job, due)


def due_bytes(region: Region, within: timedelta) -> list[StoredBytes]:
    """The share of one run, the longest unseen first, so that everything is read once `within` that time.

    It begins when half of the time is over. Nobody can ask for a backup to be read again, so what was found damaged
    of one is read until it is right.
    """
    there = StoredBytes.objects.kept().filter(region=region).exclude(checksum="")
    share = (there.aggregate(total=Sum("size_bytes"))["total"] or 0) * (EVERY / (within / 2))
    due: dict[UUID, StoredBytes] = {}
    taken = 0
    # outside a transaction PostgreSQL finds and keeps all that is due before it gives the first
    with transaction.atomic():
        for stored in oldest_first(there, now() - within / 2):
            if due and taken + stored.size_bytes > share:
                break
            if stored.pk not in due:
                due[stored.pk] = stored
                taken += stored.size_bytes
    return [*due.values()]


def oldest_first(there: "QuerySet[StoredBytes]", before: datetime) -> Iterator[StoredBytes]:
    """What is due, each of its ways along an index of its own: of very many that are not, or not yet, none is read."""
    aged = there.annotate(last=SEEN)
    damaged = aged.filter(
        Exists(BackupDisk.objects.filter(stored=OuterRef("pk"))), damaged_at__isnull=False
    ).order_by()
    due = (aged.filter(last__lt=before), aged.filter(last__gt=furthest(timedelta(0))))
    along = (way.order_by("last", "pk").iterator(chunk_size=200) for way in due)
    return merge(*along, sorted(damaged, key=_age), key=_age)


def _age(stored: Any) -> tuple[datetime, UUID]:
    return stored.last, stored.pk


PERIODIC = (
    Periodic("images.verify_oldest", EVERY, verify_oldest),
    Periodic("images.remove_orphans", timedelta(minutes=10), remove_orphans, on_each_host=True),
)
