"""What a bucket shows: the folders and objects at a place, or what a search finds below it; and both lists as CSV."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Count, QuerySet, Sum, Value
from django.db.models.functions import StrIndex, Substr
from django.http import QueryDict
from django.utils.translation import gettext as _

from imsconsole.cloud.models import Bucket, BucketObject
from imsconsole.core.csv import moment
from imsconsole.core.selection import picked_ids

MOST_FOLDERS = 200
READ_AT_ONCE = 2000


def place_of(query: QueryDict) -> tuple[str, str]:
    """The folder (with its "/", empty at the top) and the searched text that a query names."""
    prefix = query.get("prefix", "").replace("\0", "")
    prefix = prefix if not prefix or prefix.endswith("/") else f"{prefix}/"
    return prefix, query.get("q", "").replace("\0", "").strip()


def _below(bucket: Bucket, prefix: str) -> QuerySet[Any]:
    """Everything below a folder, each with the `rest` of its key and where that has a "/" (0: nowhere)."""
    stored = BucketObject.objects.filter(bucket=bucket).stored()
    if prefix:  # compared by letter: SQLite's LIKE knows no capitals
        stored = stored.annotate(head=Substr("key", 1, len(prefix))).filter(head=prefix)
    return stored.annotate(rest=Substr("key", len(prefix) + 1)).annotate(slash=StrIndex("rest", Value("/")))


def objects_at(bucket: Bucket, query: QueryDict) -> QuerySet[BucketObject]:
    """The objects of a list: those directly in the folder, or all below it whose key contains the text."""
    prefix, text = place_of(query)
    below = _below(bucket, prefix)
    return below.filter(rest__icontains=text) if text else below.filter(slash=0)


def folders_at(bucket: Bucket, query: QueryDict) -> list[dict[str, Any]]:
    """The folders in a folder, each with its name, prefix, and what is below it. None while one searches."""
    prefix, text = place_of(query)
    if text:
        return []
    inside = _below(bucket, prefix).filter(slash__gt=0).order_by()
    grouped = (
        inside.annotate(folder=Substr("rest", 1, StrIndex("rest", Value("/"))))
        .values("folder")
        .annotate(count=Count("pk"), size_bytes=Sum("size_bytes"))
        .order_by("folder")
    )
    return [{**row, "prefix": prefix + row["folder"]} for row in grouped[: MOST_FOLDERS + 1]]


def crumbs_of(prefix: str) -> list[tuple[str, str]]:
    """Name and prefix of every folder on the way to one."""
    names = prefix.split("/")[:-1]
    return [(name, "/".join(names[: depth + 1]) + "/") for depth, name in enumerate(names)]


def chosen_objects(bucket: Bucket, data: QueryDict) -> QuerySet[BucketObject]:
    """What was picked in the list (`core.selection`), or everything that the query `matching` shows."""
    if matching := data.get("matching", ""):
        return objects_at(bucket, QueryDict(matching))
    return BucketObject.objects.filter(bucket=bucket, pk__in=picked_ids(data)).stored()


def bucket_headings() -> list[str]:
    return [
        _("Bucket name"), _("Bucket ID"), _("Region"), _("Storage class"), _("Objects"), _("Used (bytes)"),
        _("Created by"), _("Created at"),
    ]  # fmt: skip


def bucket_rows(buckets: QuerySet[Bucket]) -> Iterator[list[Any]]:
    """`buckets` come with their facts."""
    for each in buckets.select_related("project", "created_by").iterator(chunk_size=READ_AT_ONCE):
        yield [
            each.name, str(each.pk), each.project.region_id, each.get_storage_class_display(), each.objects_count,
            each.stored_bytes, str(each.created_by or ""), moment(each.created_at),
        ]  # fmt: skip


def object_headings() -> list[str]:
    return [
        _("Object name"), _("Object ID"), _("Size (bytes)"), _("SHA-256"), _("Content type"), _("Uploaded by"),
        _("Last modified"),
    ]  # fmt: skip


def object_rows(objects: QuerySet[BucketObject]) -> Iterator[list[Any]]:
    for each in objects.select_related("created_by").iterator(chunk_size=READ_AT_ONCE):
        yield [
            each.key, str(each.pk), each.size_bytes, each.sha256, each.content_type, str(each.created_by or ""),
            moment(each.created_at),
        ]  # fmt: skip
