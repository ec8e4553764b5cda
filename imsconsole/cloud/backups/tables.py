"""The list of backups, and its CSV."""

from typing import Any, ClassVar

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.backups.actions import BACKUP_ACTIONS
from imsconsole.cloud.backups.rules import WORKING
from imsconsole.cloud.models import Backup
from imsconsole.core.csv import moment
from imsconsole.core.tables import ActionsColumn, FragmentColumn, ImsTable, NumberColumn, TimeColumn
from imsconsole.core.text import size


class BackupTable(ImsTable):
    """A page of `filters.backups_of`, for `actor`."""

    caption = _("Backups")
    empty_template = "cloud/backups/_empty_list.html"
    choosable: ClassVar[dict[str, bool]] = {
        "status": True,
        "server_name": True,
        "vault": True,
        "kind": False,
        "size_gb": True,
        "stored_bytes": True,
        "zone": False,
        "taken_at": False,
        "created_at": True,
    }

    name = FragmentColumn(
        template_name="cloud/backups/_cell_name.html", verbose_name=_("Name/ID"), order_by=("name", "pk")
    )
    status = FragmentColumn(
        '{% include "components/_status.html" with status=record.status label=record.get_status_display %}',
        order_by=("status", "pk"),
    )
    server_name = tables.Column(order_by=("server_name", "pk"))
    vault = tables.Column(linkify=True, order_by=("vault__name", "pk"))
    kind = tables.Column(order_by=("kind", "pk"))
    size_gb = NumberColumn("size_gb", verbose_name=_("Disk capacity (GB)"))
    stored_bytes = NumberColumn("stored_bytes", verbose_name=pgettext_lazy("bytes", "Stored"))
    zone = tables.Column(accessor="zone__name", verbose_name=_("AZ"), order_by=("zone__name", "pk"))
    taken_at = TimeColumn("taken_at")
    created_at = TimeColumn("created_at")
    actions = ActionsColumn(BACKUP_ACTIONS)

    class Meta(ImsTable.Meta):
        model = Backup
        fields = ()
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "backups-table"}
        row_attrs: ClassVar[dict[str, Any]] = {"id": lambda record: f"backup-{record.pk}"}
        order_by = ("-created_at",)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor

    def render_stored_bytes(self, value: int) -> str:
        return size(value or None)

    @property
    def rows_in_progress(self) -> list[str]:
        """The ids of the rows that change by themselves."""
        return [f"backup-{row.record.pk}" for row in self.paginated_rows if row.record.status in WORKING]


class BackupExport(tables.Table):
    """A line of the CSV per backup."""

    name = tables.Column()
    id = tables.Column(verbose_name="ID")
    status = tables.Column()
    kind = tables.Column()
    server_name = tables.Column()
    server_id = tables.Column()
    vault = tables.Column(default="")
    size_gb = tables.Column(verbose_name=_("Disk capacity (GB)"))
    stored_bytes = tables.Column(verbose_name=_("Size (bytes)"))
    zone = tables.Column(accessor="zone__name", verbose_name=_("AZ"))
    image = tables.Column()
    taken_at = tables.Column(default="")
    created_at = tables.Column()

    class Meta:
        model = Backup
        fields = ()

    def render_taken_at(self, value: Any) -> str:
        return moment(value)

    def render_created_at(self, value: Any) -> str:
        return moment(value)
