"""What of its cloud a region uses, chosen from what was found there; what was chosen before stays among it."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.admin.places import CloudInput
from imsconsole.accounts.models import OPENSTACK, AvailabilityZone, Region
from imsconsole.cloud.models import AccountCloud, Flavor
from imsconsole.cloud.regions.rules import can_place
from imsconsole.cloud.regions.services import ABILITIES, USED
from imsconsole.core.edits import EditForm


class UseForm(EditForm):
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
            self._add(_of(flavor), flavor.name, region.flavor_names.get(flavor.name, ""))
            self._offer(_of(flavor), _("By equal size"), flavors)
        for zone in self.zones:
            self._add(_of(zone), zone.name, region.zone_names.get(zone.code, ""))
            self._offer(_of(zone), _("Wherever the cloud places it"), places)

    def _add(self, name: str, label: str, chosen: str) -> None:
        self.fields[name] = forms.ChoiceField(
            label=label, required=False, initial=chosen, show_hidden_initial=True
        )

    def _offer(self, name: str, nothing: Any, names: Iterable[str]) -> None:
        field = self.fields[name]
        chosen = self.initial.get(name, field.initial)
        known = dict.fromkeys([*names, *([chosen] if chosen else [])])
        field.choices = [("", nothing), *((each, each) for each in known)]  # type: ignore[attr-defined]

    def abilities(self) -> list[forms.BoundField]:
        return [self[name] for name in ABILITIES]

    def use(self, values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """What was typed, or seen, as `map_region` takes it."""
        return {
            "use": {name: values[name] for name in USED if name in values},
            "flavors": {each.name: values[_of(each)] for each in self.flavors if _of(each) in values},
            "zones": {each.code: values[_of(each)] for each in self.zones if _of(each) in values},
        }

    def present(self, region: Region) -> dict[str, Any]:
        """What a region uses, by the names of the fields."""
        return {
            **{name: getattr(region, name) for name in USED},
            **{_of(each): region.flavor_names.get(each.name, "") for each in self.flavors},
            **{_of(each): region.zone_names.get(each.code, "") for each in self.zones},
        }


def _of(thing: Flavor | AvailabilityZone) -> str:
    """The field for it."""
    return f"{'flavor' if isinstance(thing, Flavor) else 'zone'}:{thing.pk}"


class AccountCloudForm(forms.ModelForm[AccountCloud]):
    """`can_place` decides, as the service does."""

    class Meta:
        model = AccountCloud
        fields = ("region", "account", "cloud")
        widgets = {"cloud": CloudInput}
        help_texts = {
            "cloud": _(
                "Another project of the region's cloud, by its name in clouds.yaml on the console's hosts."
            )
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "region" in self.fields:
            self.fields["region"].queryset = Region.objects.filter(engine=OPENSTACK)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or {}
        if self.errors:
            return typed
        where = {
            name: typed.get(name) or getattr(self.instance, name) for name in ("region", "account", "cloud")
        }
        if not (verdict := can_place(AccountCloud(**where))):
            raise forms.ValidationError(str(verdict.reason))
        return typed
