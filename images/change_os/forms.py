"""The form of a change of OS: image, size of the system disk, login."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from images.change_os.rules import OsChange, can_become, fits_change
from images.launch.fit import fits_system_disk
from images.launch.system import NewSystemForm
from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.hosts import Host
from imsconsole.cloud.models import Server
from imsconsole.cloud.system_disk.rules import is_stopped_first
from imsconsole.core.forms import NumberField
from imsconsole.core.query_string import number_in
from imsconsole.core.rules import ALLOWED
from imsconsole.core.summary import Costs, Summary


class ChangeOsForm(NewSystemForm):
    """An order as it is typed. A reinstallation has its image already."""

    system_disk_gb = NumberField(label=_("System disk (GB)"), min_value=1)
    stop_first = forms.BooleanField(
        label=_("Stop the server first"),
        required=False,
        help_text=_("It is running. Its guest is asked to power off; what is not saved in it is lost."),
    )

    field_order = ("stop_first", "image", "system_disk_gb")

    def __init__(self, *args: Any, server: Server, actor: Actor, host: Host, **kwargs: Any) -> None:
        super().__init__(*args, actor=actor, **kwargs)
        self.server, self.host = server, host
        self.offer_images(lambda image: can_become(server, image, actor, host))

    def clean(self) -> dict[str, Any]:
        typed = self.cleaned_data
        image: Image | None = typed.get("image")
        if image and typed.get("system_disk_gb"):
            self.check("system_disk_gb", fits_system_disk(image, typed["system_disk_gb"]))
        self.check("stop_first", is_stopped_first(self.server, stop_first=typed.get("stop_first", False)))
        self.require_login()
        return typed

    def summary(self) -> Summary:
        """The order as it is filled in now; what cannot be read counts nothing."""
        image, size_gb = self.chosen_image, number_in(self["system_disk_gb"].value())
        change = OsChange(self.server, image, size_gb) if image and size_gb else None
        return Summary(
            facts=[
                (_("Server"), self.server),
                (_("New image"), image or "–"),
                (_("New system disk"), f"{size_gb} GB"),
            ],
            quota=change.quota if change else {},
            verdict=fits_change(change, self.actor, self.host) if change else ALLOWED,
            costs=Costs(image=image, changed={self.server: size_gb}),
        )

    def kept(self) -> dict[str, Any]:
        return {"server": str(self.server.pk), **super().kept()}

    def order(self) -> OsChange:
        """What was ordered, once it is valid."""
        typed = {name: self.cleaned_data[name] for name in ("image", "system_disk_gb", "stop_first")}
        return OsChange(self.server, **typed, **self.chosen_login())
