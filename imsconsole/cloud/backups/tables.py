"""The list of backups, and the columns of its file."""

from typing import Any, ClassVar

import django_tables2 as tables
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.backups.actions import BACKUP_ACTIONS
from imsconsole.cloud.backups.rules import WORKING
from imsconsole.cloud.models import Backup
from imsconsole.core.cells import lines, named
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
from imsconsole.core.text import size


class BackupTable(ImsTable):
    """A page of `filters.backups_of`, for `actor`."""

    caption = _("Backups")
    empty = Empty(
        _("No backups yet"),
        _(
            "A backup is a copy of all disks of a server at one instant, also while the server runs. It brings the server back, or makes a new one."
        ),
        icon="clock",
    )
    choosable: ClassVar[dict[str, bool]] = {
        "status": True,
        "server_name": True,
        "vault": True,
        "kind": False,
        "schedule": False,
        "size_gb": True,
        "stored_bytes": True,
        "zone": False,
        "taken_at": False,
        "created_at": True,
    }

    name = NameColumn()
    status = StatusColumn()
    server_name = tables.Column(order_by=("server_name", "pk"))
    vault = tables.Column(linkify=True, order_by=("vault__name", "pk"))
    kind = tables.Column(order_by=("kind", "pk"))
    schedule = tables.Column(linkify=True, order_by=("schedule__name", "pk"))
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

    def render_name(self, record: Backup) -> SafeString:
        notes = [gettext("Damaged")] if record.is_damaged else []
        return lines(named(record.name, record.pk, url=record.get_absolute_url()), *notes)

    def render_stored_bytes(self, value: int) -> str:
        return size(value or None)

    def is_working(self, record: Backup) -> bool:
        return record.status in WORKING


class BackupsInVault(BackupTable):
    empty = Empty(
        _("No backup is in this vault"),
        _("Backups of servers come into it when it is chosen as their vault."),
        icon="clock",
    )

    class Meta(BackupTable.Meta):
        pass


COLUMNS: Columns = (
    (_("Name"), lambda backup: backup.name),
    ("ID", lambda backup: backup.pk),
    (_("Status"), lambda backup: backup.get_status_display()),
    (_("Kind"), lambda backup: backup.get_kind_display()),
    (_("Server"), lambda backup: backup.server_name),
    (_("Server ID"), lambda backup: backup.server_id),
    (_("Vault"), lambda backup: backup.vault),
    (_("Schedule"), lambda backup: backup.schedule),
    (_("Disk capacity (GB)"), lambda backup: backup.size_gb),
    (_("Size (bytes)"), lambda backup: backup.stored_bytes),
    (_("AZ"), lambda backup: backup.zone.name),
    (_("Image"), lambda backup: backup.image),
    (_("Instant"), lambda backup: moment(backup.taken_at)),
    (_("Created at"), lambda backup: moment(backup.created_at)),
)
