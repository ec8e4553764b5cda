"""The form of a server order: image, place, flavor, disks, name, login."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from images.launch.disk.forms import DataImagePicker
from images.launch.fit import fits, fits_system_disk
from images.launch.rules import (
    MAX_COUNT,
    Launch,
    can_launch,
    data_disks_gb_of,
    fit_data_images,
    fits_data_disks_of,
    fits_order,
    is_usable_in,
    quota_of,
)
from images.launch.system import NewSystemForm
from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import AvailabilityZone
from imsconsole.cloud.disks.rules import MAX_DATA_DISKS, fits_data_disk
from imsconsole.cloud.hosts import Host
from imsconsole.cloud.models import Flavor
from imsconsole.cloud.names import NAME_LENGTH, server_name
from imsconsole.core.forms import NumberField
from imsconsole.core.query_string import number_in
from imsconsole.core.rules import ALLOWED, Verdict
from imsconsole.core.summary import Costs, Summary


class LaunchForm(NewSystemForm):
    """An order as it is typed. `data_disks` says how many fields `data_disk_1` … there are."""

    zone = forms.ModelChoiceField(AvailabilityZone.objects.none(), label=_("AZ"), empty_label=None)
    flavor = forms.ModelChoiceField(Flavor.objects.none(), label=_("Flavor"))
    system_disk_gb = NumberField(label=_("System disk (GB)"), min_value=1)
    data_disks = NumberField(
        label=_("Data disks"),
        min_value=0,
        max_value=MAX_DATA_DISKS,
        help_text=_("How many data disks each server gets (0 to 8)."),
    )
    name = forms.CharField(
        label=_("Name"),
        max_length=NAME_LENGTH,
        validators=[server_name],
        help_text=_("Several servers are numbered: name-1, name-2 …"),
    )
    count = NumberField(label=_("Quantity"), min_value=1, max_value=MAX_COUNT)
    auto_start = forms.BooleanField(label=_("Start with the host"), required=False)

    def __init__(self, *args: Any, actor: Actor, host: Host, **kwargs: Any) -> None:
        super().__init__(*args, actor=actor, **kwargs)
        self.host = host
        self.offer_images(self.may)
        self._choices("zone", actor.region.zones.all())
        self._choices("flavor", Flavor.objects.filter(hidden=False))
        for number in range(1, self.disk_count() + 1):
            self.fields[f"data_disk_{number}"] = _disk_field(number)
        self._add_data_images(actor)
        disks = (name for name in self.fields if name.startswith(("data_disk_", "data_image_")))
        self.order_fields(
            ["image", "flavor", "system_disk_gb", "data_disks", *disks, "name", "count", "zone"]
        )

    def may(self, image: Image) -> Verdict:
        """Whether this form makes servers of an image."""
        return can_launch(image, self.actor)

    def disk_count(self) -> int:
        """How many data disks are asked for; 0 when it cannot be read."""
        given = self.data if self.is_bound else self.initial
        return min(number_in(given.get("data_disks")), MAX_DATA_DISKS)

    def _add_data_images(self, actor: Actor) -> None:
        """What each data disk is made of, where there is something to choose."""
        for number in range(1, self.disk_count() + 1):
            field = DataImagePicker(label=_("Data disk %(number)s: image") % {"number": number})
            field.offer_data_images(actor)
            if number <= self.filled_disks:
                field.empty_label, field.is_searched = _("As in the full-ECS image"), False
            elif not (self.data.get(f"data_image_{number}") or field.found("", 1)):
                break
            self.fields[f"data_image_{number}"] = field

    @property
    def filled_disks(self) -> int:
        """How many of the data disks come with the image that is chosen now, and with their content."""
        return len(data_disks_gb_of(self.chosen_image)) if self.chosen_image else 0

    @property
    def has_data_images(self) -> bool:
        return "data_image_1" in self.fields

    def data_images(self) -> list[Image | None]:
        """One for each data disk, None for a blank one."""
        return [self.cleaned_data.get(f"data_image_{number}") for number in range(1, self.disk_count() + 1)]

    def data_disk_rows(self) -> list[tuple[forms.BoundField, forms.BoundField | None]]:
        """The fields of each data disk: its size, and its image if there are any."""
        names = [
            (f"data_disk_{number}", f"data_image_{number}") for number in range(1, self.disk_count() + 1)
        ]
        return [(self[size], self[image] if image in self.fields else None) for size, image in names]

    def data_disk_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("data_disk_")]

    @cached_property
    def chosen_flavor(self) -> Flavor | None:
        return Flavor.objects.filter(pk=str(self["flavor"].value() or "")).first()

    def summary(self) -> Summary:
        """The order as it is filled in now; what cannot be read counts nothing."""
        system_gb, *data_gb = (
            number_in(size.value()) for size in (self["system_disk_gb"], *self.data_disk_fields())
        )
        image, flavor, count = self.chosen_image, self.chosen_flavor, number_in(self["count"].value())
        quota = quota_of(flavor, [system_gb, *data_gb], count)
        return Summary(
            facts=[
                (_("Image"), image or "–"),
                (_("Flavor"), f"{flavor.name} · {flavor.size}" if flavor else "–"),
                (_("Disks"), " + ".join(f"{size_gb} GB" for size_gb in (system_gb, *data_gb))),
                (_("Name"), self["name"].value() or "–"),
                (_("Quantity"), count),
            ],
            quota=quota,
            verdict=self._foreseen(system_gb, data_gb, count),
            costs=Costs(quota["disk_gb"], quota["servers"], image, flavor),
        )

    def _foreseen(self, system_gb: int, data_gb: list[int], count: int) -> Verdict:
        """Why such servers would be refused; the name and the login are asked for when the form is sent."""
        image, flavor = self.chosen_image, self.chosen_flavor
        zone = self.filled("zone") or self.actor.region.zones.first()
        if not (image and flavor and zone):
            return ALLOWED
        names = (f"data_image_{number}" for number in range(1, len(data_gb) + 1))
        images: list[Image | None] = [
            self[name].chosen if name in self.fields else None  # type: ignore[attr-defined]
            for name in names
        ]
        order = Launch(
            image, flavor, zone, "", system_gb, count, data_disks_gb=tuple(data_gb), data_images=tuple(images)
        )
        return self.may(image) and fits_order(order, self.actor, self.host)

    def clean(self) -> dict[str, Any]:
        typed = self.cleaned_data
        image, flavor = typed.get("image"), typed.get("flavor")
        if image and flavor:
            self.check("flavor", fits(image, flavor, self.host.capabilities))
        if image and typed.get("system_disk_gb"):
            self.check("system_disk_gb", fits_system_disk(image, typed["system_disk_gb"]))
        self._clean_data_disks()
        if image and typed.get("zone"):
            self.check("zone", is_usable_in(image, typed["zone"].pk))
        if image and not self.errors:
            sizes = [typed[field.name] for field in self.data_disk_fields()]
            self.check("data_disks", fits_data_disks_of(image, sizes))
            self.check("data_disks", fit_data_images(image, sizes, self.data_images(), self.actor))
        self.require_login()
        return typed

    def _clean_data_disks(self) -> None:
        for field in self.data_disk_fields():
            if size_gb := self.cleaned_data.get(field.name):
                self.check(field.name, fits_data_disk(size_gb))

    def order(self) -> Launch:
        """What was ordered, once it is valid."""
        typed = self.cleaned_data
        plain = ("image", "flavor", "zone", "name", "system_disk_gb", "count", "auto_start")
        return Launch(
            data_disks_gb=tuple(typed[field.name] for field in self.data_disk_fields()),
            data_images=tuple(self.data_images()),
            **{name: typed[name] for name in plain},
            **self.chosen_login(),
        )


def filled_again(kept: Mapping[str, Any]) -> dict[str, Any]:
    """What a draft fills the form with. Those of before have lists of the sizes and images of their data disks."""
    sizes, images = kept.get("data_disks_gb", []), kept.get("data_images", [])
    disks = {f"data_disk_{number}": size for number, size in enumerate(sizes, 1)}
    chosen = {f"data_image_{number}": pk for number, pk in enumerate(images, 1)}
    return {"data_disks": len(sizes), **kept, **disks, **chosen}


def _disk_field(number: int) -> NumberField:
    smallest, largest = settings.IMS_DATA_DISK_GB
    return NumberField(
        label=_("Data disk %(number)s (GB)") % {"number": number},
        min_value=smallest,
        max_value=largest,
        initial=max(smallest, min(10, largest)),
    )
