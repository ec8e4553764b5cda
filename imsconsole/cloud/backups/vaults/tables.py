"""The list of vaults, and the columns of its file."""

from typing import ClassVar

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.backups.vaults.actions import VAULT_ACTIONS
from imsconsole.cloud.models import Vault
from imsconsole.core.csv import Columns, moment
from imsconsole.core.tables import ActionsColumn, Empty, ImsTable, NameColumn, NumberColumn, TimeColumn
from imsconsole.core.text import size


class VaultTable(ImsTable):
    """Vaults with their facts, for `actor`."""

    caption = _("Vaults")
    empty = Empty(
        _("No vaults yet"),
        _("A vault is the room that backups of servers take. Create one, then back up a server into it."),
        icon="inbox-stack",
    )
    choosable: ClassVar[dict[str, bool]] = {
        "protection": False,
        "capacity_gb": True,
        "used_bytes": True,
        "backups_count": True,
        "received_count": True,
        "created_by": False,
        "created_at": True,
    }

    name = NameColumn()
    protection = tables.Column(order_by=("protection", "pk"))
    capacity_gb = NumberColumn("capacity_gb", verbose_name=_("Capacity (GB)"))
    used_bytes = NumberColumn("used_bytes", verbose_name=_("Used"))
    backups_count = NumberColumn("backups_count", verbose_name=_("Backups"))
    received_count = NumberColumn("received_count", verbose_name=_("Received images"))
    created_by = tables.Column(order_by=("created_by__username", "pk"))
    created_at = TimeColumn("created_at")
    actions = ActionsColumn(VAULT_ACTIONS)

    class Meta(ImsTable.Meta):
        model = Vault
        fields = ()
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "vaults-table"}
        order_by = ("name",)

    def render_used_bytes(self, value: int) -> str:
        return size(value)


COLUMNS: Columns = (
    (_("Name"), lambda vault: vault.name),
    ("ID", lambda vault: vault.pk),
    (_("Protection type"), lambda vault: vault.get_protection_display()),
    (_("Capacity (GB)"), lambda vault: vault.capacity_gb),
    (_("Used (bytes)"), lambda vault: vault.used_bytes),
    (_("Backups"), lambda vault: vault.backups_count),
    (_("Received images"), lambda vault: vault.received_count),
    (_("Created by"), lambda vault: vault.created_by),
    (_("Created at"), lambda vault: moment(vault.created_at)),
)
