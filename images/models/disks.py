"""The rows of an image's disks: made with what was stored, or of stored bytes that others have as well."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from images.models.image import Image, ImageDisk
from imsconsole.cloud.stored.rows import facts_of, keep_stored, share_stored, undo_stored
from imsconsole.engine.types import StoredDisk


def put_disks(image: Image, rows: Iterable[Mapping[str, Any]]) -> None:
    """In a fence: the rows of an image's disks, instead of those an earlier attempt wrote.

    Each says what an engine has stored for it, or with `stored_id` of which stored bytes it is one more. Raises NotFound,
    Conflict: those are being deleted, or damaged.
    """
    image.disks.all().delete()
    written = [dict(row) for row in rows]
    kept = keep_stored(image.region_id, {row["id"]: made for row in written if (made := _taken(row))})
    shared = share_stored(UUID(row["stored_id"]) for row in written if "stored_id" in row)
    for row in written:
        row |= facts_of(shared[UUID(row["stored_id"])] if "stored_id" in row else kept[row["id"]])
    ImageDisk.objects.bulk_create(ImageDisk(image=image, **row) for row in written)


def _taken(row: dict[str, Any]) -> dict[str, Any]:
    """What a row says of a file of an engine, which is no field of a disk."""
    return {each.name: row.pop(each.name) for each in fields(StoredDisk)} if "ref" in row else {}


def undo_disks(disks: "QuerySet[ImageDisk]") -> None:
    """In a fence: there are no such disks again; bytes that somebody has made more disks of stay theirs."""
    undo_stored(disks)
    disks.delete()
