"""The form of an image that is made of a server or of disks: what it is called, and what cannot be inherited."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from images.fields.forms import (
    NameField,
    SystemForm,
    proposed_name,
)
from images.fields.rules import name_is_free
from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.disks.rules import can_capture_server
from imsconsole.cloud.keys.rules import with_locked_disks
from imsconsole.cloud.models import Disk, Server
from imsconsole.cloud.servers.pickers import ServerPicker
from imsconsole.core.pickers import PickingForm


class SourceServerForm(PickingForm):
    """Which server an image is made of."""

    server = ServerPicker(error_messages={"required": _("Choose what the image is made of.")})

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        servers = Server.objects.visible_to(actor).existing().order_by("name", "pk")
        self.fields["server"].offer(  # type: ignore[attr-defined]
            with_locked_disks(servers), lambda server: can_capture_server(server, actor)
        )


class CaptureForm(SystemForm):
    """A name for each disk that becomes an image: `name_1`, `name_2` …

    With a `server` its system disk is meant; without one the disk's owner says which system is on it.
    """

    def __init__(
        self,
        *args: Any,
        actor: Actor,
        image_type: str,
        server: Server | None,
        disks: Sequence[Disk],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, actor=actor, **kwargs)
        self.disks = disks
        if server or image_type == Image.Type.DATA:
            self.drop("os_version", "architecture", "boot_mode")  # of a server they are inherited
        if image_type == Image.Type.DATA:
            self.drop("min_ram_mb", "max_ram_mb")
        for number, disk in enumerate(disks, 1):
            label = _("Name") if len(disks) == 1 else _("Name of the image of “%(disk)s”") % {"disk": disk}
            self.fields[name_field(number)] = NameField(label=label)

    def name_fields(self) -> list[forms.BoundField]:
        return [self[name_field(number)] for number in range(1, len(self.disks) + 1)]

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        names = [name_field(number) for number in range(1, len(self.disks) + 1)]
        for field in names:
            if field in given:
                self.ask(field, name_is_free(given[field], self.actor))
        typed = [given[field] for field in names if field in given]
        if len(set(typed)) < len(typed):
            self.add_error(names[-1], _("Each image needs a name of its own."))
        return given

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
