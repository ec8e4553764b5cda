"""What of its cloud a region uses, chosen from what was found there; what was chosen before stays among it."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.models import AvailabilityZone, Region
from imsconsole.cloud.models import Flavor
from imsconsole.cloud.regions.services import ABILITIES, USED


class UseForm(forms.Form):
    volume_type = forms.ChoiceField(label=_("Volume type of new disks"), required=False)
    network = forms.ChoiceField(label=_("Network of servers"), required=False)
    grows_in_use = forms.BooleanField(label=_("Disks can grow while a server has them"), required=False)
    runs_x86 = forms.BooleanField(label=_("Runs x86 servers"), required=False)
    runs_arm = forms.BooleanField(label=_("Runs Arm servers"), required=False)
    boots_bios = forms.BooleanField(label=_("Servers boot by BIOS"), required=False)
    boots_uefi = forms.BooleanField(label=_("Servers boot by UEFI"), required=False)
    has_screens = forms.BooleanField(label=_("Servers have a screen by VNC"), required=False)
    has_serial = forms.BooleanField(
        label=_("Serial consoles can be typed at, by Nova's proxy"), required=False
    )

    def __init__(
        self,
        data: Any,
        *,
        region: Region,
        found: dict[str, Any],
        ours: Iterable[Flavor],
        zones: Iterable[AvailabilityZone],
    ) -> None:
        initial = {name: getattr(region, name) for name in USED}
        super().__init__(data, initial=initial)
        types = [each["name"] for each in found.get("volume_types", ())]
        networks = [each["name"] or each["id"] for each in found.get("networks", ())]
        flavors = sorted(each["name"] for each in found.get("flavors", ()))
        places = [each["name"] for each in found.get("zones", ())]
        self._offer("volume_type", _("The cloud's default"), types)
        self._offer("network", _("The only one there is"), networks)
        self.flavors, self.zones = list(ours), list(zones)
        for flavor in self.flavors:
            label, chosen = flavor.name, region.flavor_names.get(flavor.name, "")
            self.fields[f"flavor:{flavor.pk}"] = forms.ChoiceField(
                label=label, required=False, initial=chosen
            )
            self._offer(f"flavor:{flavor.pk}", _("By equal size"), flavors)
        for zone in self.zones:
            label, chosen = zone.name, region.zone_names.get(zone.code, "")
            self.fields[f"zone:{zone.pk}"] = forms.ChoiceField(label=label, required=False, initial=chosen)
            self._offer(f"zone:{zone.pk}", _("Wherever the cloud places it"), places)

    def _offer(self, name: str, nothing: Any, names: Iterable[str]) -> None:
        field = self.fields[name]
        chosen = self.initial.get(name, field.initial)
        known = dict.fromkeys([*names, *([chosen] if chosen else [])])
        field.choices = [("", nothing), *((each, each) for each in known)]  # type: ignore[attr-defined]

    def abilities(self) -> list[forms.BoundField]:
        return [self[name] for name in ABILITIES]

    def use(self) -> dict[str, Any]:
        """As `map_region` takes it."""
        typed = self.cleaned_data
        return {
            "use": {name: typed[name] for name in USED},
            "flavors": {each.name: typed[f"flavor:{each.pk}"] for each in self.flavors},
            "zones": {each.code: typed[f"zone:{each.pk}"] for each in self.zones},
        }
