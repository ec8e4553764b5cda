"""The form of a temporary server: a name, a flavor, a blank disk."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from images.launch.fit import fits, fits_system_disk
from images.launch.install.rules import can_install_server
from images.launch.rules import Launch, quota_of
from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import AvailabilityZone
from imsconsole.cloud.hosts import Host
from imsconsole.cloud.models import Flavor
from imsconsole.cloud.names import NAME_LENGTH, server_name
from imsconsole.core.forms import NumberField, RuledChoiceField, limit_number
from imsconsole.core.pickers import PickingForm
from imsconsole.core.query_string import number_in
from imsconsole.core.rules import ALLOWED, Verdict
from imsconsole.core.summary import Costs, Summary


class InstallForm(PickingForm):
    """Only flavors that fit the image are offered."""

    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH, validators=[server_name])
    zone = forms.ModelChoiceField(AvailabilityZone.objects.none(), label=_("AZ"), empty_label=None)
    flavor = RuledChoiceField(Flavor.objects.none(), label=_("Flavor"), empty_label=None)
    system_disk_gb = NumberField(label=_("System disk (GB)"))

    def __init__(self, *args: Any, image: Image, actor: Actor, host: Host, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.image, self.actor, self.host = image, actor, host
        self.fields["zone"].queryset = actor.region.zones.all()  # type: ignore[attr-defined]
        flavors = Flavor.objects.filter(hidden=False).order_by("memory_mb", "vcpus", "name")
        self.fields["flavor"].offer(flavors, lambda flavor: fits(image, flavor, host.capabilities))  # type: ignore[attr-defined]
        offered = [str(value) for value, _label in self.fields["flavor"].widget.choices]
        default = str(image.default_flavor_id)
        self.fields["flavor"].initial = default if default in offered else next(iter(offered), "")
        smallest, largest = settings.IMS_SYSTEM_DISK_GB
        limit_number(self.fields["system_disk_gb"], max(smallest, image.min_disk_gb), largest)

    def summary(self) -> Summary:
        """The order as it is filled in now."""
        flavor, size_gb = self.filled("flavor"), number_in(self["system_disk_gb"].value())
        zone = self.filled("zone") or self.actor.region.zones.first()
        order = Launch(self.image, flavor, zone, "", size_gb) if flavor and zone else None
        return Summary(
            facts=[
                (_("Image"), self.image),
                (_("Flavor"), f"{flavor.name} · {flavor.size}" if flavor else "–"),
                (_("System disk"), f"{size_gb} GB"),
                (_("Name"), self["name"].value()),
            ],
            quota=quota_of(flavor, [size_gb], 1),
            verdict=can_install_server(order, self.actor, self.host) if order else ALLOWED,
            costs=Costs(size_gb, 1, self.image, flavor),
        )

    def clean_system_disk_gb(self) -> int:
        size_gb: int = self.cleaned_data["system_disk_gb"]
        verdict: Verdict = fits_system_disk(self.image, size_gb)
        if not verdict:
            raise forms.ValidationError(str(verdict.reason), verdict.code)
        return size_gb
