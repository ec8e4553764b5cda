"""What a bucket shows: the folders and objects at a place, or what a search finds below it."""

from typing import Any

from django.db.models import Count, QuerySet, Sum, Value
from django.db.models.functions import StrIndex, Substr
from django.http import QueryDict

from imsconsole.cloud.models import Bucket, BucketObject
from imsconsole.core.selection import picked_ids

MOST_FOLDERS = 200


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
