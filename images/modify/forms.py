"""The form that changes the attributes of an image."""

from copy import copy
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from images.create.forms import DetailsForm
from images.fields.forms import disk_label
from images.fields.rules import disk_range_gb
from images.models import Image
from images.modify.rules import (
    ATTRIBUTES,
    MEANS_NOTHING,
    is_changeable,
    is_offered,
    least_disk_gb_of,
    refusals,
)
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.hosts import host_of
from imsconsole.cloud.models import Flavor
from imsconsole.cloud.user_data.filling import Sources, fill_in
from imsconsole.cloud.user_data.forms import FillForm, UserDataField
from imsconsole.core.edits import EditForm, told_of
from imsconsole.core.pickers import PickingForm, is_refresh

USER_DATA = "default_user_data"
GIVEN = DetailsForm.base_fields  # an attribute is typed as it was when the image was made


class ModifyForm(PickingForm, EditForm):
    """The attributes of an image that can have another value; `fixed` are the others, with the reason."""

    name = GIVEN["name"]
    description = GIVEN["description"]
    os_version = GIVEN["os_version"]
    boot_mode = GIVEN["boot_mode"]
    min_disk_gb = GIVEN["min_disk_gb"]
    min_ram_mb = GIVEN["min_ram_mb"]
    max_ram_mb = GIVEN["max_ram_mb"]
    nic_multi_queue = forms.BooleanField(
        label=gettext_lazy("NIC multi-queue"),
        required=False,
        help_text=gettext_lazy("Several CPUs share the work of a network card. The system must support it."),
    )
    secure_boot = forms.BooleanField(
        label=gettext_lazy("Secure Boot"),
        required=False,
        help_text=gettext_lazy(
            "By UEFI: the firmware starts only a system that is signed. An unsigned one does not start."
        ),
    )
    tpm = forms.BooleanField(
        label=gettext_lazy("TPM"),
        required=False,
        help_text=gettext_lazy(
            "By UEFI: a TPM 2.0, as Windows 11 needs it. What it keeps goes with the system disk, and is in no image or backup."
        ),
    )
    default_flavor = forms.ModelChoiceField(
        Flavor.objects.all(),
        label=gettext_lazy("Default flavor"),
        required=False,
        empty_label=gettext_lazy("The smallest that fits"),
        help_text=gettext_lazy("The order of a server begins with it; another one can be chosen there."),
    )
    default_user_data = UserDataField(
        label=gettext_lazy("Default user data"),
        required=False,
        help_text=gettext_lazy(
            "The order of a server begins with it. Everybody who has the image reads it: write no password here."
        ),
    )
    protected = forms.BooleanField(
        label=gettext_lazy("Protected"),
        required=False,
        help_text=gettext_lazy("It cannot be deleted until this is switched off again."),
    )

    def __init__(self, data: QueryDict | None = None, *, image: Image, actor: Actor, **kwargs: Any) -> None:
        if data and is_refresh(data):
            data = data.copy()
            fill_in(data, Sources(actor), USER_DATA)
        super().__init__(data, initial=values_of(image), **kwargs)
        self.image, self.actor = image, actor
        self.fill = FillForm(
            self.data or {USER_DATA: image.default_user_data}, sources=Sources(actor), name=USER_DATA
        )
        self._fit_to_image()
        self.fixed: list[tuple[Any, Any, Any]] = []
        there = host_of(actor.region).capabilities
        for name in ATTRIBUTES:
            if not (verdict := is_changeable(image, name) and is_offered(image, name, there)):
                field = self.fields.pop(name)
                if verdict.code not in MEANS_NOTHING:
                    self.fixed.append((field.label, told_of(image, name), verdict.reason))

    def _fit_to_image(self) -> None:
        system, disk = self.fields["os_version"], self.fields["min_disk_gb"]
        if self.image.os_version_id is not None:
            system.required, system.empty_label = True, None  # type: ignore[attr-defined]
        least, most = least_disk_gb_of(self.image), disk_range_gb(self.image.type)[1]
        disk.widget.attrs.update(min=least, max=most)
        disk.help_text = _("%(least)s to %(most)s GB.") % {"least": least, "most": most}
        disk.label = disk_label(self.image.type)
        shown = Flavor.objects.filter(hidden=False) | Flavor.objects.filter(pk=self.image.default_flavor_id)
        self.fields["default_flavor"].queryset = shown  # type: ignore[attr-defined]

    def clean_min_ram_mb(self) -> int:
        return int(self.cleaned_data["min_ram_mb"] or 0)

    def clean(self) -> dict[str, Any]:
        wanted, seen, image = self.cleaned_data, self.seen, copy(self.image)
        for name, value in wanted.items():
            setattr(image, name, value)
        changed = [name for name, value in wanted.items() if value != seen.get(name, self.initial[name])]
        if USER_DATA in self.fields and not (verdict := self.fill.is_filled_in):
            self.add_error(USER_DATA, verdict.reason)
        for name, verdict in refusals(image, changed, self.actor):
            if not verdict:
                self.add_error(name if name in self.fields else None, str(verdict.reason))
        return wanted


def values_of(image: Image) -> dict[str, Any]:
    """The attributes of the form as they are now."""
    return {name: getattr(image, name) for name in ATTRIBUTES}
