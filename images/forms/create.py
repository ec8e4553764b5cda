"""The forms of the import wizard."""

import re
from pathlib import PurePath
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from images.forms.create_fields import NOT_IN_NAMES, DescriptionField, NameField, OsVersionField, TagsField
from images.forms.data_disks import DataDiskFields
from images.forms.encryption import EncryptField, KeyField
from images.models import Image, OsVersion, Upload
from images.os_detection import detected_os
from images.rules.encrypt import can_encrypt
from images.rules.import_image import (
    TYPES,
    boot_mode_fits,
    disk_fits,
    disk_range_gb,
    fast_fits,
    least_disk_gb,
    memory_fits,
    name_is_free,
    os_is_given,
    tags_fit,
    use_fits,
)
from images.uploads.found import found_of
from images.uploads.rules import waiting_uploads
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import Architecture, BootMode
from imsconsole.core.rules import Verdict

FORMATS = [
    ("", _("Recognise it")),
    *((name, name) for name in ("raw", "qcow2", "vmdk", "vhd", "vhdx", "vdi", "iso")),
]
EXTENSIONS = re.compile(r"\.(raw|img|qcow2|vmdk|vhd|vhdx|vdi|iso|bin|dd)$", re.IGNORECASE)
ISO_DISK_GB = 40  # what the console proposes for the disk that an installation goes to (§2.10)
MOST_MEMORY_MB = 4 * 1024 * 1024


class SourceForm(forms.Form):
    """Which file. The file itself never gets here: it streams to the receiver."""

    type = forms.ChoiceField(
        choices=[(each.value, each.label) for each in TYPES]
    )  # chosen before, by its address
    format = forms.ChoiceField(
        label=_("File format"),
        choices=FORMATS,
        required=False,
        help_text=_(
            "Name it when the file is a raw disk without a partition table; otherwise it is recognised."
        ),
    )
    sha256 = forms.CharField(
        label="SHA-256",
        required=False,
        validators=[
            RegexValidator(r"^[0-9a-fA-F]{64}\Z", _("A SHA-256 has 64 digits from 0 to 9 and a to f."))
        ],
        help_text=_("Optional. The file is refused when its checksum differs."),
        widget=forms.TextInput(
            attrs={"class": "mono", "maxlength": "80", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    upload = forms.ModelChoiceField(
        queryset=Upload.objects.none(), required=False, empty_label=None, widget=forms.RadioSelect
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        uploads = waiting_uploads(actor).filter(state=Upload.State.COMPLETE)
        self.fields["upload"].queryset = uploads  # type: ignore[attr-defined]

    def clean_sha256(self) -> str:
        return str(self.cleaned_data["sha256"]).lower()


class DetailsForm(forms.Form):
    """What the image is called and what its servers need; filled from what was found in the file."""

    name = NameField(label=_("Name"))
    os_version = OsVersionField(
        label=_("OS version"),
        required=False,
        empty_label=_("Not listed (Other Linux)"),
    )
    use = forms.ChoiceField(
        label=_("Function"),
        choices=[
            (Image.Use.ECS, _("ECS system disk image")),
            (Image.Use.BMS, _("BMS system disk image")),
        ],
        required=False,
        help_text=_("An image for cloud servers (ECS) starts no bare metal server (BMS), nor the reverse."),
    )
    architecture = forms.ChoiceField(label=_("Architecture"), choices=Architecture)
    boot_mode = forms.ChoiceField(
        label=_("Boot mode"),
        choices=BootMode,
        help_text=_("It must be the one the disk was installed with, or its servers do not start."),
    )
    min_disk_gb = forms.IntegerField(label=_("System disk (GB)"), min_value=1)
    min_ram_mb = forms.IntegerField(
        label=_("Minimum memory (MB)"),
        min_value=0,
        max_value=MOST_MEMORY_MB,
        required=False,
        help_text=_("0: any."),
    )
    max_ram_mb = forms.IntegerField(
        label=_("Maximum memory (MB)"),
        min_value=1,
        max_value=MOST_MEMORY_MB,
        required=False,
        help_text=_("Empty: any."),
    )
    description = DescriptionField(label=_("Description"), widget=forms.Textarea(attrs={"rows": "2"}))
    tags = TagsField(label=_("Tags"), help_text=_("One a line: key=value. At most 10."))
    encrypt = EncryptField(
        help_text=_(
            "The image is stored encrypted, and so are the disks of the servers that are created from it."
        )
    )
    key = KeyField()

    def __init__(self, *args: Any, actor: Actor, upload: Upload, image_type: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor, self.upload, self.image_type = actor, upload, image_type
        least, most = least_disk_gb(image_type, upload), disk_range_gb(image_type)[1]
        disk = self.fields["min_disk_gb"]
        disk.widget.attrs.update(min=least, max=most)
        disk.help_text = _("%(least)s to %(most)s GB.") % {"least": least, "most": most}
        disk.label = disk_label(image_type)
        self.fields["key"].offer(actor)  # type: ignore[attr-defined]
        if image_type != Image.Type.SYSTEM:
            del self.fields["use"]
        if image_type == Image.Type.ISO:
            del self.fields["encrypt"], self.fields["key"]  # R66
            self._require_os(_("Choose what it installs"), os_is_given(image_type, None))
        elif not (verdict := fast_fits(upload, image_type, None)):
            self._require_os(_("Choose what is in it"), verdict)
        elif image_type == Image.Type.SYSTEM and (detected := detected_os(upload)):
            self._show_detected(detected)
        self.data_disks = DataDiskFields(self, upload, actor) if image_type == Image.Type.SYSTEM else None

    def _show_detected(self, detected: OsVersion) -> None:
        """R63: what was found counts, so there is nothing to choose."""
        field = self.fields["os_version"]
        field.initial, field.disabled = detected, True
        field.help_text = _(
            "Found in the file: %(name)s. What is found counts, so nothing else can be chosen."
        ) % {"name": found_of(self.upload).os_name or detected}

    def _require_os(self, empty_label: Any, verdict: Verdict) -> None:
        os_version = self.fields["os_version"]
        os_version.required, os_version.empty_label = True, empty_label  # type: ignore[attr-defined]
        os_version.error_messages["required"] = str(verdict.reason)

    def clean_use(self) -> str:
        return self.cleaned_data["use"] or str(Image.Use.ECS)

    def clean_min_ram_mb(self) -> int:
        return int(self.cleaned_data["min_ram_mb"] or 0)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if "name" in given:
            self._ask("name", name_is_free(given["name"], self.actor))
        if "min_disk_gb" in given:
            self._ask("min_disk_gb", disk_fits(self.image_type, given["min_disk_gb"], self.upload))
        if {"architecture", "boot_mode"} <= given.keys():
            self._ask("boot_mode", boot_mode_fits(given["architecture"], given["boot_mode"]))
        if {"min_ram_mb", "max_ram_mb"} <= given.keys():
            self._ask("max_ram_mb", memory_fits(given["min_ram_mb"], given["max_ram_mb"]))
        use = given.get("use", str(Image.Use.ECS))
        self._ask(
            "use" if "use" in self.fields else None, use_fits(self.image_type, use, given.get("os_version"))
        )
        if "tags" in given:
            self._ask("tags", tags_fit(given["tags"]))
        if self.data_disks:
            self.data_disks.clean(given)
        if given.get("encrypt") and "key" in given:
            self._ask("key", can_encrypt(self.image_type, given["key"], self.actor, use=use))
        return given

    def _ask(self, field: str | None, verdict: Verdict) -> None:
        if not verdict:
            self.add_error(field, str(verdict.reason))


class ConfirmForm(forms.Form):
    """Nothing to fill in: what will be created has been read."""


def disk_label(image_type: str) -> str:
    return gettext("Data disk (GB)") if image_type == Image.Type.DATA else gettext("System disk (GB)")


def first_values(upload: Upload, image_type: str, actor: Actor) -> dict[str, Any]:
    """What the details begin with, from what was found in the file."""
    found = found_of(upload)
    least = least_disk_gb(image_type, upload)
    return {
        "name": proposed_name(upload.name, actor),
        "architecture": Architecture.X86,
        "boot_mode": found.boot_modes[0] if found.boot_modes else BootMode.BIOS,
        "min_disk_gb": max(least, ISO_DISK_GB) if image_type == Image.Type.ISO else least,
        "min_ram_mb": 0,
    }


def proposed_name(file_name: str, actor: Actor) -> str:
    """A free name made of a file's."""
    stem = EXTENSIONS.sub("", PurePath(file_name).name)
    base = NOT_IN_NAMES.sub("-", stem).strip(" -")[:120].strip() or "image"
    taken = set(Image.objects.owned_by(actor).filter(name__startswith=base).values_list("name", flat=True))
    return next(
        name for n in range(1, len(taken) + 2) if (name := base if n == 1 else f"{base}-{n}") not in taken
    )
