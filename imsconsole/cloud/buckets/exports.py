"""Buckets and objects as CSV: plain values, bytes as bytes."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from imsconsole.cloud.models import Bucket, BucketObject
from imsconsole.core.csv import moment

READ_AT_ONCE = 2000


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
