"""The list of vaults, and its CSV."""

from typing import Any, ClassVar

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.backups.vaults.actions import VAULT_ACTIONS
from imsconsole.cloud.models import Vault
from imsconsole.core.csv import moment
from imsconsole.core.tables import ActionsColumn, FragmentColumn, ImsTable, NumberColumn, TimeColumn
from imsconsole.core.text import size


class VaultTable(ImsTable):
    """Vaults with their facts, for `actor`."""

    caption = _("Vaults")
    empty_template = "cloud/backups/vaults/_empty_list.html"
    choosable: ClassVar[dict[str, bool]] = {
        "protection": False,
        "capacity_gb": True,
        "used_bytes": True,
        "backups_count": True,
        "created_by": False,
        "created_at": True,
    }

    name = FragmentColumn(
        template_name="cloud/backups/vaults/_cell_name.html",
        verbose_name=_("Name/ID"),
        order_by=("name", "pk"),
    )
    protection = tables.Column(order_by=("protection", "pk"))
    capacity_gb = NumberColumn("capacity_gb", verbose_name=_("Capacity (GB)"))
    used_bytes = NumberColumn("used_bytes", verbose_name=_("Used"))
    backups_count = NumberColumn("backups_count", verbose_name=_("Backups"))
    created_by = tables.Column(order_by=("created_by__username", "pk"))
    created_at = TimeColumn("created_at")
    actions = ActionsColumn(VAULT_ACTIONS)

    class Meta(ImsTable.Meta):
        model = Vault
        fields = ()
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "vaults-table"}
        order_by = ("name",)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor

    def render_used_bytes(self, value: int) -> str:
        return size(value)


class VaultExport(tables.Table):
    """A line of the CSV per vault."""

    name = tables.Column()
    id = tables.Column(verbose_name="ID")
    protection = tables.Column()
    capacity_gb = tables.Column(verbose_name=_("Capacity (GB)"))
    used_bytes = tables.Column(verbose_name=_("Used (bytes)"))
    backups_count = tables.Column(verbose_name=_("Backups"))
    created_by = tables.Column(default="")
    created_at = tables.Column()

    class Meta:
        model = Vault
        fields = ()

    def render_created_at(self, value: Any) -> str:
        return moment(value)
