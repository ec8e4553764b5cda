"""Tags in lists and in their files."""

from collections.abc import Collection
from typing import Any

import django_tables2 as tables
from django.db.models import QuerySet
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.models import Tagged
from imsconsole.core.cells import fragment


class TagsColumn(tables.Column):
    """The tags of each row, of `with_tags`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(accessor="tag_values", verbose_name=_("Tags"), orderable=False, **kwargs)

    def render(self, record: Tagged) -> SafeString:
        return fragment("cloud/tags/_tags.html", thing=record)


def with_tags(rows: "QuerySet[Any]", columns: Collection[str]) -> "QuerySet[Any]":
    """The rows, with their tags where these are shown."""
    return rows.prefetch_related("tags") if "tags" in columns else rows


def tags_cell(thing: Tagged) -> str:
    """In a file: all of them, as they are written."""
    return "; ".join(map(str, thing.tags.all()))
