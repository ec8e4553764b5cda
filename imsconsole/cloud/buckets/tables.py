"""The lists of buckets and of the objects in one, and the columns of their files."""

from typing import Any, ClassVar

import django_tables2 as tables
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.buckets.actions import BUCKET_ACTIONS, OBJECT_ACTIONS
from imsconsole.cloud.buckets.listing import place_of
from imsconsole.cloud.models import Bucket, BucketObject
from imsconsole.core.cells import link
from imsconsole.core.csv import Columns, moment
from imsconsole.core.tables import (
    ActionsColumn,
    Empty,
    ImsTable,
    NumberColumn,
    PickColumn,
    TimeColumn,
)
from imsconsole.core.text import size

BUCKET_COLUMNS: Columns = (
    (_("Bucket name"), lambda bucket: bucket.name),
    (_("Bucket ID"), lambda bucket: bucket.pk),
    (_("Region"), lambda bucket: bucket.project.region_id),
    (_("Storage class"), lambda bucket: bucket.get_storage_class_display()),
    (_("Objects"), lambda bucket: bucket.objects_count),
    (_("Used (bytes)"), lambda bucket: bucket.stored_bytes),
    (_("Created by"), lambda bucket: bucket.created_by),
    (_("Created at"), lambda bucket: moment(bucket.created_at)),
)
OBJECT_COLUMNS: Columns = (
    (_("Object name"), lambda each: each.key),
    (_("Object ID"), lambda each: each.pk),
    (_("Size (bytes)"), lambda each: each.size_bytes),
    (_("SHA-256"), lambda each: each.sha256),
    (_("Content type"), lambda each: each.content_type),
    (_("Uploaded by"), lambda each: each.created_by),
    (_("Last modified"), lambda each: moment(each.created_at)),
)

NOTHING_FOUND = Empty(
    _("No object matches"),
    _("No object at this place has that in its name."),
    icon="magnifying-glass",
    is_end=True,
)
EMPTY_FOLDER = Empty(
    _("This folder is empty"),
    _("A folder is there as long as an object is in it."),
    icon="folder",
    is_end=True,
)


class BucketTable(ImsTable):
    """Buckets with their facts, for `actor`."""

    caption = _("Buckets")
    empty = Empty(
        _("No buckets yet"),
        _(
            "A bucket keeps files: disk files for images, and whatever else the members of the project want to have at hand."
        ),
        icon="archive-box",
    )
    choosable: ClassVar[dict[str, bool]] = {
        "storage_class": True,
        "objects_count": True,
        "stored_bytes": True,
        "created_by": False,
        "created_at": True,
    }

    name = tables.Column(linkify=True, order_by=("name",))
    storage_class = tables.Column(order_by=("storage_class", "pk"))
    objects_count = NumberColumn("objects_count", verbose_name=_("Objects"))
    stored_bytes = NumberColumn("stored_bytes", verbose_name=_("Used"))
    created_by = tables.Column(order_by=("created_by__username", "pk"))
    created_at = TimeColumn("created_at")
    actions = ActionsColumn(BUCKET_ACTIONS)

    class Meta(ImsTable.Meta):
        model = Bucket
        fields = ()
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "buckets-table"}

    def render_stored_bytes(self, value: int) -> str:
        return size(value)


class ObjectTable(ImsTable):
    """Objects for `actor`, named by what is left of their key behind the folder that is shown."""

    caption = _("Objects")
    empty = Empty(
        _("This bucket is empty"),
        _("Upload the first file. Everybody in the project can download it."),
        icon="archive-box",
    )

    pick = PickColumn()
    key = tables.Column(verbose_name=_("Object name"), order_by=("key",))
    size_bytes = NumberColumn("size_bytes")
    created_by = tables.Column(order_by=("created_by__username", "pk"))
    created_at = TimeColumn("created_at")
    actions = ActionsColumn(OBJECT_ACTIONS)

    class Meta(ImsTable.Meta):
        model = BucketObject
        fields = ()
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "objects-table"}
        order_by = ("key",)

    def nothing(self) -> Empty | None:
        prefix, text = place_of(self.request.GET)
        return NOTHING_FOUND if text else EMPTY_FOLDER if prefix else self.empty

    def render_key(self, record: Any) -> SafeString:
        """Without the folder that is shown."""
        return link(record.get_absolute_url(), record.rest)

    def render_size_bytes(self, value: int) -> str:
        return size(value)
