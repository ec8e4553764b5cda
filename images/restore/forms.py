"""The form of a new server from a backup: a name, a flavor, perhaps another key pair."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from images.launch.fit import fits
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.hosts import Host
from imsconsole.cloud.models import Backup, Flavor, KeyPair
from imsconsole.cloud.names import NAME_LENGTH, server_name
from imsconsole.core.forms import RuledChoiceField


class RestoreToNewForm(forms.Form):
    """Only flavors that fit the system of the backup are offered."""

    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH, validators=[server_name])
    flavor = RuledChoiceField(Flavor.objects.none(), label=_("Flavor"), empty_label=None)
    key_pair = forms.ModelChoiceField(
        KeyPair.objects.none(), label=_("Key pair"), required=False, empty_label=_("As in the backup")
    )

    def __init__(self, *args: Any, backup: Backup, actor: Actor, host: Host, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        flavors = Flavor.objects.filter(hidden=False).order_by("memory_mb", "vcpus", "name")
        self.fields["flavor"].offer(flavors, lambda flavor: fits(backup.image, flavor, host.capabilities))  # type: ignore[attr-defined]
        key_pair: Any = self.fields["key_pair"]
        key_pair.queryset = KeyPair.objects.visible_to(actor).order_by("name")
        self.fields["flavor"].initial = backup.flavor_id
        self.fields["name"].initial = f"{backup.server_name}-restored"[:NAME_LENGTH]
