"""The list of disks, and its CSV."""

from typing import Any, ClassVar

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.disks.actions import DISK_ACTIONS
from imsconsole.cloud.disks.rules import WORKING
from imsconsole.cloud.models import Disk
from imsconsole.core.csv import moment
from imsconsole.core.tables import ActionsColumn, FragmentColumn, ImsTable, NumberColumn, TimeColumn


class DiskTable(ImsTable):
    """A page of `filters.disks_of`, for `actor`."""

    caption = _("Disks")
    empty_template = "cloud/disks/_empty_list.html"
    choosable: ClassVar[dict[str, bool]] = {
        "status": True,
        "role": True,
        "size_gb": True,
        "server": True,
        "zone": True,
        "image": False,
        "encryption": False,
        "kept_until": False,
        "created_at": True,
    }

    name = FragmentColumn(
        template_name="cloud/disks/_cell_name.html", verbose_name=_("Name/ID"), order_by=("name", "pk")
    )
    status = FragmentColumn(template_name="cloud/disks/_cell_status.html", order_by=("status", "pk"))
    role = tables.Column(verbose_name=pgettext_lazy("disk", "Role"), order_by=("role", "pk"))
    size_gb = NumberColumn("size_gb", verbose_name=_("Size (GB)"))
    server = tables.Column(linkify=True, order_by=("server__name", "index", "pk"))
    zone = tables.Column(accessor="zone__name", verbose_name=_("AZ"), order_by=("zone__name", "pk"))
    image = tables.Column(
        accessor="image_name",
        linkify=lambda record: record.image_page,
        order_by=("image__name", "pk"),
        verbose_name=_("image"),
    )
    encryption = tables.Column(
        accessor="key__name",
        verbose_name=_("Encryption"),
        order_by=("key__name", "pk"),
        default=_("Not encrypted"),
    )
    kept_until = FragmentColumn("{{ value|ago }}", order_by=("kept_until", "pk"))
    created_at = TimeColumn("created_at")
    actions = ActionsColumn(DISK_ACTIONS)

    class Meta(ImsTable.Meta):
        model = Disk
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "disks-table"}
        row_attrs: ClassVar[dict[str, Any]] = {"id": lambda record: f"disk-{record.pk}"}
        fields = (
            "name", "status", "role", "size_gb", "server", "zone", "image", "encryption", "kept_until", "created_at",
        )  # fmt: skip
        order_by = ("-created_at",)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor

    @property
    def rows_in_progress(self) -> list[str]:
        """The ids of the rows that change by themselves."""
        return [f"disk-{row.record.pk}" for row in self.paginated_rows if row.record.status in WORKING]


class DiskExport(tables.Table):
    """A line of the CSV per disk."""

    name = tables.Column()
    id = tables.Column(verbose_name="ID")
    status = tables.Column()
    role = tables.Column(verbose_name=pgettext_lazy("disk", "Role"))
    size_gb = tables.Column(verbose_name=_("Size (GB)"))
    server = tables.Column(accessor="server__name", verbose_name=_("Server"), default="")
    server_id = tables.Column(verbose_name=_("Server ID"), default="")
    zone = tables.Column(accessor="zone__name", verbose_name=_("AZ"))
    image = tables.Column(accessor="image_name", verbose_name=_("Image"), default="")
    key = tables.Column(accessor="key__name", verbose_name=_("Key name"), default="")
    key_id = tables.Column(verbose_name=_("Key ID"), default="")
    kept_until = tables.Column(default="")
    created_at = tables.Column()

    class Meta:
        model = Disk
        fields = (
            "name", "id", "status", "role", "size_gb", "server", "server_id", "zone", "image", "key", "key_id",
            "kept_until", "created_at",
        )  # fmt: skip

    def render_kept_until(self, value: Any) -> str:
        return moment(value)

    def render_created_at(self, value: Any) -> str:
        return moment(value)
