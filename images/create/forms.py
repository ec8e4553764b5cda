"""The forms of the import wizard."""

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from images.create.rules import (
    MOST_DATA_DISKS,
    DataDisk,
    can_import_file,
    data_disks_fit,
    disk_fits,
    fast_fits,
    least_disk_gb,
)
from images.fields.forms import (
    MOST_MEMORY_MB,
    EncryptField,
    KeyField,
    NameField,
    SystemForm,
    disk_label,
    proposed_name,
)
from images.fields.rules import (
    can_encrypt,
    disk_range_gb,
    name_is_free,
    os_is_given,
    use_fits,
)
from images.models import Image, OsVersion, Upload
from images.os.detection import os_version_of
from images.uploads.found import detected_os, found_of
from images.uploads.rules import waiting_uploads
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import Architecture, BootMode
from imsconsole.core.forms import NumberField, RuledChoiceField
from imsconsole.core.rules import Verdict
from imsconsole.engine.types import Machine

ISO_DISK_GB = 40  # what the console proposes for the disk that an installation goes to (§2.10)
NUMBERS = range(1, MOST_DATA_DISKS + 1)


class DetailsForm(SystemForm):
    """What the image is called and what its servers need; filled from what was found in the file."""

    name = NameField(label=_("Name"))
    use = forms.ChoiceField(
        label=_("Function"),
        choices=[
            (Image.Use.ECS, _("ECS system disk image")),
            (Image.Use.BMS, _("BMS system disk image")),
        ],
        required=False,
        help_text=_("An image for cloud servers (ECS) starts no bare metal server (BMS), nor the reverse."),
    )
    min_disk_gb = NumberField(label=_("System disk (GB)"), min_value=1)
    encrypt = EncryptField(
        help_text=_(
            "The image is stored encrypted, and so are the disks of the servers that are created from it."
        )
    )
    key = KeyField()
    field_order = ("name", "os_version", "use", "architecture", "boot_mode", "min_disk_gb")

    def __init__(self, *args: Any, actor: Actor, upload: Upload, image_type: str, **kwargs: Any) -> None:
        super().__init__(*args, actor=actor, **kwargs)
        self.upload, self.image_type = upload, image_type
        least, most = least_disk_gb(image_type, upload), disk_range_gb(image_type)[1]
        disk = self.fields["min_disk_gb"]
        disk.widget.attrs.update(min=least, max=most)
        disk.help_text = _("%(least)s to %(most)s GB.") % {"least": least, "most": most}
        disk.label = disk_label(image_type)
        self.fields["key"].offer_to(actor)  # type: ignore[attr-defined]
        if image_type != Image.Type.SYSTEM:
            self.drop("use")
        if image_type == Image.Type.ISO:
            self.drop("encrypt", "key")  # R66
            self._require_os(_("Choose what it installs"), os_is_given(image_type, None))
        elif not (verdict := fast_fits(upload, image_type, None)):
            self._require_os(_("Choose what is in it"), verdict)
        elif image_type == Image.Type.SYSTEM and (detected := detected_os(upload)):
            self._show_detected(detected)
        self.data_disks = DataDiskFields(self, upload, actor) if image_type == Image.Type.SYSTEM else None
        for name, value in values_found(upload, image_type).items():
            if name in self.fields and not self.fields[name].disabled:
                tell_found(self.fields[name], value)

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

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if "name" in given:
            self.ask("name", name_is_free(given["name"], self.actor))
        if "min_disk_gb" in given:
            self.ask("min_disk_gb", disk_fits(self.image_type, given["min_disk_gb"], self.upload))
        use = given.get("use", str(Image.Use.ECS))
        self.ask(
            "use" if "use" in self.fields else None, use_fits(self.image_type, use, given.get("os_version"))
        )
        if self.data_disks:
            self.data_disks.clean(given)
        if given.get("encrypt") and "key" in given:
            self.ask("key", can_encrypt(self.image_type, given["key"], self.actor, use=use))
        return given


def tell_found(field: forms.Field, value: Any) -> None:
    """Beside what the field begins with, that it is of the file; one may choose something else."""
    choices = () if isinstance(field, forms.ModelChoiceField) else getattr(field, "choices", ())
    told = dict(choices).get(value, value)
    found = gettext("Found in the file: %(found)s.") % {"found": told}
    field.help_text = f"{found} {field.help_text}".strip()


def first_values(upload: Upload, image_type: str, actor: Actor) -> dict[str, Any]:
    """What the details begin with, from what was found in the file."""
    least, found = least_disk_gb(image_type, upload), values_found(upload, image_type)
    return {
        "architecture": Architecture.X86,
        "boot_mode": BootMode.UEFI if found.get("architecture") == Architecture.ARM else BootMode.BIOS,
        "min_disk_gb": max(least, ISO_DISK_GB),  # of an ISO
        "min_ram_mb": 0,
        **found,
        "name": proposed_name(found.get("name", upload.name), actor),
    }


def values_found(upload: Upload, image_type: str) -> dict[str, Any]:
    """What the file itself says of the form's fields; of an archive also what it says of its machine."""
    found = found_of(upload)
    machine = found.machine or Machine()
    said = {
        "name": machine.name,
        "os_version": os_version_of(found) or os_version_of(machine),
        "architecture": found.architecture,
        "boot_mode": _boot_mode(found.boot_modes, machine.boot_mode),
        "min_disk_gb": 0 if image_type == Image.Type.ISO else least_disk_gb(image_type, upload),
        "min_ram_mb": min(machine.memory_mb, MOST_MEMORY_MB),
    }
    return {field: value for field, value in said.items() if value}


def _boot_mode(found: Sequence[str], said: str) -> str:
    """What the machine booted with, unless its disk says otherwise."""
    return found[0] if found and said not in found else said


class DataDiskFields:
    """Adds the rows to the form of a system disk, and reads them: `data_disks` of the cleaned data."""

    def __init__(self, form: SystemForm, upload: Upload, actor: Actor) -> None:
        self.form, self.upload, self.actor = form, upload, actor
        files = waiting_uploads(actor).filter(state=Upload.State.COMPLETE).exclude(pk=upload.pk)
        for number in NUMBERS:
            file = RuledChoiceField(files, label=_("File"), required=False, empty_label=_("None"))
            file.offer(Upload.objects.visible_to(actor), self._can_be_data, files)
            form.fields[f"data_{number}_upload"] = file
            form.fields[f"data_{number}_name"] = NameField(label=_("Name"), required=False)
            form.fields[f"data_{number}_gb"] = NumberField(
                label=_("Data disk (GB)"), min_value=1, required=False
            )
        self.has_files = files.exists()

    def _can_be_data(self, file: Upload) -> Verdict:
        return can_import_file(file, Image.Type.DATA, self.actor)

    @property
    def is_used(self) -> bool:
        """Whether a row is filled in."""
        return any(file.value() for file, _name, _size in self.rows)

    @property
    def rows(self) -> Iterator[tuple[Any, Any, Any]]:
        """The fields of each row."""
        for number in NUMBERS:
            file, name, size = (self.form[f"data_{number}_{part}"] for part in ("upload", "name", "gb"))
            yield file, name, size

    def clean(self, given: dict[str, Any]) -> None:
        """Replace the rows by `data_disks`; what is left empty of a row follows from the rest."""
        found = []
        for number in NUMBERS:
            file, name, size = (given.pop(f"data_{number}_{part}", None) for part in ("upload", "name", "gb"))
            if file is not None:
                found.append((number, self._disk(number, file, name, size, given.get("name", ""))))
        given["data_disks"] = disks = [disk for _number, disk in found]
        if not (verdict := data_disks_fit(Image.Type.SYSTEM, self.upload, disks)):
            self.form.add_error(f"data_{found[-1][0]}_upload", str(verdict.reason))
        names = [given.get("name"), *(disk.name for disk in disks)]
        if len(set(names)) < len(names):
            self.form.add_error(
                f"data_{found[-1][0]}_name", gettext("Two of these images have the same name.")
            )

    def _disk(self, number: int, file: Upload, name: str, size: int | None, system: str) -> DataDisk:
        name = name or f"{system}-data-{number}"[-128:]
        self.form.ask(f"data_{number}_name", name_is_free(name, self.actor))
        size = size or least_disk_gb(Image.Type.DATA, file)
        self.form.ask(f"data_{number}_gb", disk_fits(Image.Type.DATA, size, file))
        return DataDisk(file, name, size)
