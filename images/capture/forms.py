"""The form of an image that is made of a server or of disks: what it is called, and what cannot be inherited."""

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from images.fields.forms import (
    MOST_MEMORY_MB,
    DescriptionField,
    NameField,
    OsVersionField,
    TagsField,
    proposed_name,
)
from images.fields.rules import boot_mode_fits, memory_fits, name_is_free, tags_fit
from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import Architecture, BootMode, Disk, Server
from imsconsole.core.rules import Verdict

SYSTEM_FIELDS = ("os_version", "architecture", "boot_mode")  # of a server they are inherited
MEMORY_FIELDS = ("min_ram_mb", "max_ram_mb")


class CaptureForm(forms.Form):
    """A name for each disk that becomes an image: `name_1`, `name_2` …

    With a `server` its system disk is meant; without one the disk's owner says which system is on it.
    """

    os_version = OsVersionField(
        label=_("OS version"), required=False, empty_label=_("Not listed (Other Linux)")
    )
    architecture = forms.ChoiceField(label=_("Architecture"), choices=Architecture)
    boot_mode = forms.ChoiceField(
        label=_("Boot mode"),
        choices=BootMode,
        help_text=_("It must be the one the disk was installed with, or its servers do not start."),
    )
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

    def __init__(
        self,
        *args: Any,
        actor: Actor,
        image_type: str,
        server: Server | None,
        disks: Sequence[Disk],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.actor, self.disks = actor, disks
        if server or image_type == Image.Type.DATA:
            self._drop(SYSTEM_FIELDS)
        if image_type == Image.Type.DATA:
            self._drop(MEMORY_FIELDS)
        for number, disk in enumerate(disks, 1):
            label = _("Name") if len(disks) == 1 else _("Name of the image of “%(disk)s”") % {"disk": disk}
            self.fields[name_field(number)] = NameField(label=label)

    def _drop(self, names: Sequence[str]) -> None:
        for name in names:
            del self.fields[name]

    def name_fields(self) -> list[forms.BoundField]:
        return [self[name_field(number)] for number in range(1, len(self.disks) + 1)]

    def clean_min_ram_mb(self) -> int:
        return int(self.cleaned_data["min_ram_mb"] or 0)

    def clean(self) -> dict[str, Any]:
        for field, verdict in self._verdicts(self.cleaned_data):
            if not verdict:
                self.add_error(field, str(verdict.reason))
        return self.cleaned_data

    def _verdicts(self, given: dict[str, Any]) -> Iterator[tuple[str, Verdict]]:
        names = [name_field(number) for number in range(1, len(self.disks) + 1)]
        for field in names:
            if field in given:
                yield field, name_is_free(given[field], self.actor)
        typed = [given[field] for field in names if field in given]
        if len(set(typed)) < len(typed):
            self.add_error(names[-1], _("Each image needs a name of its own."))
        if {"architecture", "boot_mode"} <= given.keys():
            yield "boot_mode", boot_mode_fits(given["architecture"], given["boot_mode"])
        if set(MEMORY_FIELDS) <= given.keys():
            yield "max_ram_mb", memory_fits(given["min_ram_mb"], given["max_ram_mb"])
        if "tags" in given:
            yield "tags", tags_fit(given["tags"])

    def values(self) -> dict[str, Any]:
        """What the services take, the names by themselves."""
        names = {name_field(number) for number in range(1, len(self.disks) + 1)}
        return {name: value for name, value in self.cleaned_data.items() if name not in names}

    def names(self) -> dict[Any, str]:
        """By disk."""
        return {disk.pk: self.cleaned_data[name_field(number)] for number, disk in enumerate(self.disks, 1)}


def name_field(number: int) -> str:
    return f"name_{number}"


def first_values(server: Server | None, disks: Sequence[Disk], actor: Actor) -> dict[str, Any]:
    """What the form begins with: free names, and what is known of the system."""
    source = server.image if server else disks[0].image
    values: dict[str, Any] = {
        name_field(number): proposed_name(server.name if server else disk.name, actor)
        for number, disk in enumerate(disks, 1)
    }
    if source is not None:
        values |= {"min_ram_mb": source.min_ram_mb, "max_ram_mb": source.max_ram_mb}
        values |= {"os_version": source.os_version_id, "architecture": source.architecture}
        values["boot_mode"] = source.boot_mode
    return {"min_ram_mb": 0, **values}
