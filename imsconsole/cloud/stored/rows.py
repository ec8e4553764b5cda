"""The rows of stored bytes: made, shared, and given up. In the fence of a job, or the transaction of a service."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet

from imsconsole.cloud.models import BytesUse, OfStored, StoredBytes
from imsconsole.core.errors import Conflict, NotFound
from imsconsole.core.locks import locked_all, locked_many
from imsconsole.core.now import now
from imsconsole.jobs.models import Job

SHARED = ("format", "size_bytes", "virtual_size_bytes", "checksum")  # what each disk of them says as well


def keep_stored(region_id: str, made: Mapping[str, Mapping[str, Any]]) -> dict[str, StoredBytes]:
    """The rows of what an engine has stored: `made` are its `StoredDisk`s as JSON, by the ID they were stored under."""
    rows = {pk: StoredBytes(pk=UUID(pk), region_id=region_id, **stored) for pk, stored in made.items()}
    StoredBytes.objects.bulk_create(
        rows.values(), update_conflicts=True, unique_fields=["id"], update_fields=["ref", *SHARED]
    )
    return rows


def share_stored(pks: Iterable[UUID]) -> dict[UUID, StoredBytes]:
    """Hold bytes of which one more disk is made. Raises NotFound, Conflict: they are being deleted, or damaged."""
    try:
        found = locked_many(StoredBytes.objects.kept(), pks)
    except NotFound as error:
        raise NotFound("bytes-missing") from error
    if any(stored.damaged_at for stored in found.values()):
        raise Conflict("bytes-damaged")
    return found


def facts_of(stored: StoredBytes) -> dict[str, Any]:
    """What the row of a disk says of its bytes."""
    return {"stored_id": stored.pk, **{name: getattr(stored, name) for name in SHARED}}


def use_stored(job: Job, things: Iterable[OfStored | StoredBytes]) -> Job:
    """These bytes, or those of these disks, stay as long as the job is live. Whoever has them is held meanwhile."""
    found = (each if isinstance(each, StoredBytes) else each.stored for each in things)
    used = {stored.pk for stored in found if stored}
    BytesUse.objects.bulk_create(BytesUse(stored_id=pk, job=job) for pk in used)
    return job


def undo_stored(disks: "QuerySet[Any]") -> None:
    """Disks have no bytes again. The rows of what was stored for them go, as far as nobody else has made a disk of it."""
    own = list(disks.filter(stored=F("pk")).values_list("pk", flat=True))
    rows = StoredBytes.objects.filter(pk__in=own)
    locked_all(rows, is_alone=True)
    disks.update(stored=None)
    forget_stored([stored.pk for stored in rows.unused()])


def unkept(ids: Iterable[UUID | str]) -> list[UUID]:
    """Those of these IDs under which nothing is kept: what an engine has stored there belongs to nobody."""
    all_of_them = {UUID(str(each)) for each in ids}
    return sorted(
        all_of_them - set(StoredBytes.objects.filter(pk__in=all_of_them).values_list("pk", flat=True))
    )


def give_up(disks: "QuerySet[Any]") -> list[StoredBytes]:
    """Disks are no more. The bytes that nobody else has are doomed, and returned; of others the disks have no more."""
    mine = dict(disks.exclude(stored=None).values_list("pk", "stored_id"))
    rows = StoredBytes.objects.filter(pk__in=set(mine.values()))
    locked_all(rows, is_alone=True)
    last = list(rows.unused(but=mine))
    doom(last)
    disks.exclude(stored__in=last).update(stored=None)
    return last


def doom(stored: Iterable[StoredBytes]) -> None:
    """From now on nobody may take these, which are held."""
    StoredBytes.objects.kept().filter(pk__in=[each.pk for each in stored]).update(doomed_at=now())


def forget_stored(pks: Iterable[UUID]) -> None:
    """Rows whose bytes are gone, with what ended jobs have used of them."""
    BytesUse.objects.filter(stored__in=pks).delete()
    StoredBytes.objects.filter(pk__in=pks).delete()
