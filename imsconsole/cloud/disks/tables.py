"""The list of disks, and the columns of its file."""

from collections.abc import Collection
from typing import Any, ClassVar

import django_tables2 as tables
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.disks.actions import DISK_ACTIONS
from imsconsole.cloud.disks.rules import WORKING
from imsconsole.cloud.models import Disk
from imsconsole.cloud.tags.tables import TagsColumn, tags_cell, with_tags
from imsconsole.core.cells import day_and_time, lines, status
from imsconsole.core.csv import Columns, moment
from imsconsole.core.tables import (
    ActionsColumn,
    Empty,
    ImsTable,
    NameColumn,
    NumberColumn,
    StatusColumn,
    TimeColumn,
)


class DiskTable(ImsTable):
    """A page of `filters.disks_of`, for `actor`."""

    caption = _("Disks")
    empty = Empty(
        _("No disks yet"),
        _(
            "Every server comes with a system disk. A data disk can also be created by itself and attached to a server, and to another one later."
        ),
        icon="circle-stack",
    )
    choosable: ClassVar[dict[str, bool]] = {
        "status": True,
        "role": True,
        "size_gb": True,
        "server": True,
        "zone": True,
        "image": False,
        "encryption": False,
        "tags": False,
        "kept_until": False,
        "created_at": True,
    }

    name = NameColumn()
    status = StatusColumn()
    role = tables.Column(verbose_name=pgettext_lazy("disk", "Role"), order_by=("role", "pk"))
    size_gb = NumberColumn("size_gb", verbose_name=_("Size (GB)"))
    server = tables.Column(linkify=True, orderable=False)
    zone = tables.Column(accessor="zone__name", verbose_name=_("AZ"), orderable=False)
    image = tables.Column(
        accessor="image_name",
        linkify=lambda record: record.image_page,
        orderable=False,
        verbose_name=_("image"),
    )
    encryption = tables.Column(
        accessor="key__name",
        verbose_name=_("Encryption"),
        orderable=False,
        default=_("Not encrypted"),
    )
    tags = TagsColumn()
    kept_until = TimeColumn("kept_until")
    created_at = TimeColumn("created_at")
    actions = ActionsColumn(DISK_ACTIONS)

    class Meta(ImsTable.Meta):
        model = Disk
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "disks-table"}
        row_attrs: ClassVar[dict[str, Any]] = {"id": lambda record: f"disk-{record.pk}"}
        fields = (
            "name", "status", "role", "size_gb", "server", "zone", "image", "encryption", "tags", "kept_until", "created_at",
        )  # fmt: skip
        order_by = ("-created_at",)

    @classmethod
    def reading(cls, rows: Any, columns: Collection[str], _actor: Any) -> Any:
        return with_tags(rows, columns)

    def render_status(self, record: Disk) -> SafeString:
        until = day_and_time(record.kept_until) if record.status == Disk.Status.KEPT else ""
        word = status(record.status, record.get_status_display())
        return lines(word, until and gettext("until %(until)s") % {"until": until})

    def is_working(self, record: Disk) -> bool:
        return record.status in WORKING


COLUMNS: Columns = (
    (_("Name"), lambda disk: disk.name),
    ("ID", lambda disk: disk.pk),
    (_("Status"), lambda disk: disk.get_status_display()),
    (pgettext_lazy("disk", "Role"), lambda disk: disk.get_role_display()),
    (_("Size (GB)"), lambda disk: disk.size_gb),
    (_("Server"), lambda disk: disk.server),
    (_("Server ID"), lambda disk: disk.server_id),
    (_("AZ"), lambda disk: disk.zone.name),
    (_("Image"), lambda disk: disk.image_name),
    (_("Key name"), lambda disk: disk.key),
    (_("Key ID"), lambda disk: disk.key_id),
    (_("Tags"), tags_cell),
    (_("Kept until"), lambda disk: moment(disk.kept_until)),
    (_("Created at"), lambda disk: moment(disk.created_at)),
)
