"""The list of vaults, and its CSV."""

from typing import Any, ClassVar

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.backups.vaults.rules import can_delete_vault, can_edit_vault
from imsconsole.cloud.models import Vault
from imsconsole.core.csv import moment
from imsconsole.core.rules import Verdict
from imsconsole.core.tables import ActionsColumn, FragmentColumn, ImsTable, NumberColumn, TimeColumn
from imsconsole.core.text import size


def verdicts_on(vault: Vault, actor: Actor) -> dict[str, Verdict]:
    """Which buttons a vault has, each with its verdict. It comes from `with_facts`."""
    return {"edit": can_edit_vault(vault, actor), "delete": can_delete_vault(vault, actor)}


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
    actions = ActionsColumn(
        "cloud/backups/vaults/_cell_actions.html",
        extra_context=lambda record, table: {"verdicts": verdicts_on(record, table.actor)},
    )

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
