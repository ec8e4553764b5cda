"""What a crash leaves of objects: rows that arrive no more, and bytes that no row owns."""

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import chain
from pathlib import Path
from uuid import UUID

from django.conf import settings

from imsconsole.cloud.buckets.expected import expected_by_jobs
from imsconsole.cloud.buckets.store import (
    incoming_dir,
    incoming_ids,
    incoming_path,
    is_local,
    remove_bytes,
    storage,
    stored_ids,
    stored_name,
)
from imsconsole.cloud.models import BucketObject
from imsconsole.core.now import furthest, now

SILENT_FOR = timedelta(hours=1)  # the longest that putting bytes in place may take without a word
ASKED_AT_ONCE = 500
FOLDERS = re.compile("incoming|objects")
SHELF = re.compile("[0-9a-f]{2}")
IS_OURS = re.compile(r"[0-9a-f]{32}")  # an S3 bucket may hold what others keep there


def sweep_objects() -> None:
    """Free what is reserved for objects that no longer arrive, and remove bytes that are nobody's."""
    BucketObject.objects.arriving().filter(noted_at__gt=furthest(timedelta(0))).update(noted_at=now())
    silent = BucketObject.objects.arriving().filter(noted_at__lt=now() - SILENT_FOR)
    silent = silent.exclude(pk__in=expected_by_jobs())
    for pk in silent.values_list("pk", flat=True):
        if silent.filter(pk=pk).delete()[0]:
            remove_bytes(pk)
    for pk in ownerless_bytes():
        remove_bytes(pk)


def sweep_incoming() -> None:
    """Remove what has begun to arrive at this host and is nobody's."""
    for pk in _without_row(UUID(name) for name in incoming_ids() if IS_OURS.fullmatch(name)):
        incoming_path(pk).unlink(missing_ok=True)


def ownerless_bytes() -> Iterator[UUID]:
    """The IDs of bytes without a row. Rows come before their bytes, so nobody is about to make one."""
    found: list[UUID] = []
    for name in chain(stored_ids(), incoming_ids()):
        if not IS_OURS.fullmatch(name):
            continue
        found.append(UUID(name))
        if len(found) == ASKED_AT_ONCE:
            yield from _without_row(found)
            found = []
    yield from _without_row(found)


def _without_row(ids: Iterable[UUID]) -> Iterator[UUID]:
    wanted = list(ids)
    yield from sorted(
        set(wanted) - set(BucketObject.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    )


def strays() -> Iterator[Path]:
    """What lies in the buckets' folder and cannot be bytes of an object. In S3 it is nobody's business."""
    yield from _others(Path(settings.BUCKET_DIR), FOLDERS, are_folders=True)
    yield from _others(incoming_dir(), IS_OURS)
    if is_local() and (objects := Path(storage().path(""))).is_dir():
        yield from _others(objects, SHELF, are_folders=True)
        for shelf in objects.glob("[0-9a-f][0-9a-f]"):
            yield from _others(shelf, re.compile(f"{shelf.name}[0-9a-f]{{30}}"))


def _others(folder: Path, ours: re.Pattern[str], *, are_folders: bool = False) -> Iterator[Path]:
    """What has no such name, or is something else than it should be."""
    for path in sorted(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else ():
        is_right = path.is_dir() if are_folders else path.is_file() and not path.is_symlink()
        if not (ours.fullmatch(path.name) and is_right):
            yield path


def objects_without_bytes() -> Iterator[BucketObject]:
    """Stored objects whose bytes are gone: something or somebody else removed them."""
    for bucket_object in BucketObject.objects.stored().select_related("bucket").iterator(chunk_size=2000):
        if not storage().exists(stored_name(bucket_object.pk)):
            yield bucket_object
