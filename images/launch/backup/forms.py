"""The form of a new server from a backup: a name, a flavor, perhaps another key pair."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from images.launch.fit import fits
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.hosts import Host
from imsconsole.cloud.models import Backup, Flavor, KeyPair
from imsconsole.cloud.names import NAME_LENGTH, server_name


class RestoreToNewForm(forms.Form):
    """Only flavors that fit the system of the backup can be chosen."""

    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH, validators=[server_name])
    flavor = forms.ModelChoiceField(Flavor.objects.none(), label=_("Flavor"), empty_label=None)
    key_pair = forms.ModelChoiceField(
        KeyPair.objects.none(), label=_("Key pair"), required=False, empty_label=_("As in the backup")
    )

    def __init__(self, *args: Any, backup: Backup, actor: Actor, host: Host, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shown = Flavor.objects.filter(hidden=False)
        fitting = [flavor.pk for flavor in shown if fits(backup.image, flavor, host.capabilities)]
        flavor: Any = self.fields["flavor"]
        flavor.queryset = shown.filter(pk__in=fitting).order_by("memory_mb", "vcpus", "name")
        key_pair: Any = self.fields["key_pair"]
        key_pair.queryset = KeyPair.objects.visible_to(actor).order_by("name")
        self.fields["flavor"].initial = backup.flavor_id
        self.fields["name"].initial = f"{backup.server_name}-restored"[:NAME_LENGTH]
