"""The form of a change of OS: image, size of the system disk, login."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from images.change_os.rules import OsChange, can_become
from images.launch.fit import fits_system_disk
from images.launch.system import NewSystemForm
from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.hosts import Host
from imsconsole.cloud.models import Server
from imsconsole.cloud.system_disk.rules import is_stopped_first
from imsconsole.core.forms import NumberField


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

    def kept(self) -> dict[str, Any]:
        return {"server": str(self.server.pk), **super().kept()}

    def order(self) -> OsChange:
        """What was ordered, once it is valid."""
        typed = {name: self.cleaned_data[name] for name in ("image", "system_disk_gb", "stop_first")}
        return OsChange(self.server, **typed, **self.chosen_login())
