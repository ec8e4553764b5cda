"""What is typed on the pages of vaults."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.backups.vaults.rules import can_order_vault, can_resize_vault
from imsconsole.cloud.models import Vault
from imsconsole.cloud.names import NAME_LENGTH, server_name
from imsconsole.core.forms import NumberField, limit_number
from imsconsole.core.pickers import PickingForm
from imsconsole.core.query_string import number_in
from imsconsole.core.summary import Summary


class VaultForm(PickingForm):
    """Name and capacity of a vault."""

    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH, validators=[server_name])
    capacity_gb = NumberField(label=_("Capacity (GB)"), initial=100)

    def __init__(self, *args: Any, actor: Actor, vault: Vault | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor, self.vault = actor, vault
        limit_number(self.fields["capacity_gb"], *settings.IMS_VAULT_GB)

    def summary(self) -> Summary:
        """The vault as it is filled in now."""
        vault, capacity_gb = self.vault, number_in(self["capacity_gb"].value())
        was = f"{vault.capacity_gb} → " if vault else ""
        return Summary(
            facts=[(_("Name"), self["name"].value() or "–"), (_("Capacity"), f"{was}{capacity_gb} GB")],
            quota={"vault_gb": max(0, capacity_gb - (vault.capacity_gb if vault else 0))},
            verdict=can_resize_vault(vault, capacity_gb, self.actor)
            if vault
            else can_order_vault(capacity_gb, self.actor),
        )
