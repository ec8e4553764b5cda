"""The form of a new server from a backup: a name, a flavor, perhaps another key pair."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from images.launch.fit import fits
from images.launch.rules import quota_of
from images.restore.rules import can_restore_to_new
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.hosts import Host
from imsconsole.cloud.models import Backup, Flavor, KeyPair
from imsconsole.cloud.names import NAME_LENGTH, server_name
from imsconsole.core.forms import RuledChoiceField
from imsconsole.core.pickers import PickingForm
from imsconsole.core.rules import ALLOWED
from imsconsole.core.summary import Costs, Summary


class RestoreToNewForm(PickingForm):
    """Only flavors that fit the system of the backup are offered."""

    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH, validators=[server_name])
    flavor = RuledChoiceField(Flavor.objects.none(), label=_("Flavor"), empty_label=None)
    key_pair = forms.ModelChoiceField(
        KeyPair.objects.none(), label=_("Key pair"), required=False, empty_label=_("As in the backup")
    )

    def __init__(self, *args: Any, backup: Backup, actor: Actor, host: Host, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.backup, self.actor, self.host = backup, actor, host
        flavors = Flavor.objects.filter(hidden=False).order_by("memory_mb", "vcpus", "name")
        self.fields["flavor"].offer(flavors, lambda flavor: fits(backup.image, flavor, host.capabilities))  # type: ignore[attr-defined]
        key_pair: Any = self.fields["key_pair"]
        key_pair.queryset = KeyPair.objects.visible_to(actor).order_by("name")
        self.fields["flavor"].initial = backup.flavor_id
        self.fields["name"].initial = f"{backup.server_name}-restored"[:NAME_LENGTH]

    def summary(self) -> Summary:
        """The server as it is filled in now; its disks are those of the backup."""
        flavor, sizes = self.filled("flavor"), [disk.size_gb for disk in self.backup.disks.all()]
        return Summary(
            facts=[
                (_("Backup"), self.backup.name),
                (_("Flavor"), f"{flavor.name} · {flavor.size}" if flavor else "–"),
                (_("Disks"), " + ".join(f"{size_gb} GB" for size_gb in sizes)),
                (_("Name"), self["name"].value()),
            ],
            quota=quota_of(flavor, sizes, 1),
            verdict=can_restore_to_new(self.backup, flavor, self.actor, self.host) if flavor else ALLOWED,
            costs=Costs(sum(sizes), 1, self.backup.image, flavor),
        )
