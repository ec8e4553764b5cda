"""What is typed on the pages of backups."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.backups.rules import can_back_up_into, reserved_for
from imsconsole.cloud.backups.vaults.filters import vaults_of
from imsconsole.cloud.models import Server, Vault
from imsconsole.cloud.names import NAME_LENGTH, server_name
from imsconsole.cloud.servers.pickers import ServerPicker
from imsconsole.core.pickers import PickingForm
from imsconsole.core.rules import ALLOWED, Verdict
from imsconsole.core.summary import Summary
from imsconsole.core.text import size


class VaultChoice(forms.ModelChoiceField[Vault]):
    """Vaults with their facts; each says how much room it has left."""

    def label_from_instance(self, vault: Vault) -> str:
        left = size(max(0, vault.capacity_bytes - vault.used_bytes))
        return _("%(name)s (%(free)s left)") % {"name": vault.name, "free": left}


class CreateBackupForm(PickingForm):
    """Which server goes into which vault."""

    server = ServerPicker()
    vault = VaultChoice(Vault.objects.none(), label=_("Vault"), empty_label=None)
    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH, validators=[server_name])

    def __init__(
        self,
        *args: Any,
        actor: Actor,
        servers: QuerySet[Server],
        rule: Callable[[Any], Verdict],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["server"].offer(servers, rule)  # type: ignore[attr-defined]
        vault: Any = self.fields["vault"]
        vault.queryset = vaults_of(actor)
        self.actor = actor

    def summary(self) -> Summary:
        """The backup as it is filled in now, with the most that it can take."""
        server, vault = self["server"].chosen, self.filled("vault")  # type: ignore[attr-defined]
        fits = can_back_up_into(server, vault, self.actor) if server and vault else ALLOWED
        return Summary(
            facts=[
                (_("Server"), server or "–"),
                (_("Vault"), vault or "–"),
                (_("Name"), self["name"].value()),
            ],
            quota=reserved_for(server) if server else {"store_bytes": 0},
            verdict=fits,
        )


class RestoreBackupForm(forms.Form):
    """What is asked before a server that runs is brought back."""

    stop_first = forms.BooleanField(label=_("Stop the server now"), required=False)
