"""The fields of the data disks that come along with a system disk: a row each, empty ones are none."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from images.fields.forms import NameField
from images.fields.rules import name_is_free
from images.models import Image, Upload
from images.rules.data_disks import MOST_DATA_DISKS, DataDisk, data_disks_fit
from images.rules.import_image import can_import_file, disk_fits, least_disk_gb
from images.uploads.rules import waiting_uploads
from imsconsole.accounts.actor import Actor

NUMBERS = range(1, MOST_DATA_DISKS + 1)


class DataDiskFields:
    """Adds the rows to the form of a system disk, and reads them: `data_disks` of the cleaned data."""

    def __init__(self, form: forms.Form, upload: Upload, actor: Actor) -> None:
        self.form, self.upload, self.actor = form, upload, actor
        files = waiting_uploads(actor).filter(state=Upload.State.COMPLETE).exclude(pk=upload.pk)
        for number in NUMBERS:
            form.fields[f"data_{number}_upload"] = forms.ModelChoiceField(
                label=gettext_lazy("File"), queryset=files, required=False, empty_label=gettext_lazy("None")
            )
            form.fields[f"data_{number}_name"] = NameField(label=gettext_lazy("Name"), required=False)
            form.fields[f"data_{number}_gb"] = forms.IntegerField(
                label=gettext_lazy("Data disk (GB)"), min_value=1, required=False
            )
        self.has_files = files.exists()

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
            self.form.add_error(f"data_{found[-1][0]}_name", _("Two of these images have the same name."))

    def _disk(self, number: int, file: Upload, name: str, size: int | None, system: str) -> DataDisk:
        name = name or f"{system}-data-{number}"[-128:]
        self._ask(f"data_{number}_upload", can_import_file(file, Image.Type.DATA, self.actor))
        self._ask(f"data_{number}_name", name_is_free(name, self.actor))
        size = size or least_disk_gb(Image.Type.DATA, file)
        self._ask(f"data_{number}_gb", disk_fits(Image.Type.DATA, size, file))
        return DataDisk(file, name, size)

    def _ask(self, field: str, verdict: Any) -> None:
        if not verdict:
            self.form.add_error(field, ValidationError(str(verdict.reason), verdict.code))
