"""The end of stored bytes: row by row they are nobody's first, then gone from the store, then forgotten."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import StoredBytes
from imsconsole.cloud.stored.rows import doom, forget_stored, give_up
from imsconsole.core.contention import retried
from imsconsole.core.locks import locked_all
from imsconsole.engine.types import Unwatched
from imsconsole.jobs.run import Run


def remove_stored(disks: "QuerySet[Any]", run: Run) -> None:
    """Delete the bytes of disks that are no more; what others have, or live jobs read, stays. May be called again."""
    with run.fenced():
        doomed = give_up(disks)
    for stored in doomed:
        engine_for(stored.region_id).delete(stored.ref, work=run)
        with run.fenced():
            disks.filter(stored=stored).update(stored=None)
            forget_stored([stored.pk])


def remove_unused(stored: StoredBytes) -> None:
    """Delete bytes if nobody has them, as when the job that read them last has ended."""
    if _is_doomed(stored):
        engine_for(stored.region_id).delete(stored.ref, work=Unwatched())
        _forget(stored)


@retried
@transaction.atomic
def _is_doomed(stored: StoredBytes) -> bool:
    rows = StoredBytes.objects.filter(pk=stored.pk)
    locked_all(rows, is_alone=True)
    unused = list(rows.unused())
    doom(unused)
    return bool(unused)


@retried
@transaction.atomic
def _forget(stored: StoredBytes) -> None:
    forget_stored([stored.pk])
