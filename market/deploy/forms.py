"""The one page of a deployment: as of an order of servers, of one image, and with the terms."""

from typing import Any

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from images.launch.forms import LaunchForm
from images.launch.rules import Launch
from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import KeyPair
from imsconsole.cloud.servers.passwords import crypted
from imsconsole.core.rules import Verdict
from market.deploy.rules import can_deploy
from market.models import ListingVersion

NAME = 48  # of a proposed name, so that numbers fit behind it


class DeployForm(LaunchForm):
    """`is_accepted`: the project has accepted the terms already, so they are not asked for."""

    accepts_terms = forms.BooleanField(
        label=_("I have read the licence terms and accept them for this project"),
        error_messages={"required": _("Read the licence terms and accept them, or nothing is created.")},
    )

    def __init__(self, *args: Any, version: ListingVersion, is_accepted: bool, **kwargs: Any) -> None:
        self.version = version
        super().__init__(*args, **kwargs)
        if is_accepted:
            del self.fields["accepts_terms"]

    def may(self, image: Image) -> Verdict:
        return can_deploy(image, self.version, self.actor)

    def order(self) -> Launch:
        """What was ordered, once it is valid; of a password only its hash."""
        if self._has_new_password():
            self.password_hash = crypted(self.cleaned_data["password"])
        return super().order()

    @property
    def accepts(self) -> bool:
        return bool(self.cleaned_data.get("accepts_terms"))

    @property
    def disks_text(self) -> str:
        sizes = [self["system_disk_gb"], *self.data_disk_fields()]
        return " + ".join(f"{size.value()} GB" for size in sizes)

    @property
    def disk_errors(self) -> bool:
        """Whether something about its disks is to be looked at."""
        return any(self[name].errors for name in self.fields if "disk" in name)


def first_values(version: ListingVersion, actor: Actor) -> dict[str, Any]:
    """A name, the first zone, and the latest key pair of the project."""
    pair = KeyPair.objects.visible_to(actor).order_by("-created_at").first()
    name = slugify(version.title, allow_unicode=True)[:NAME].strip("-_") or "server"
    zone = actor.region.zones.order_by("code").first()
    return {"name": name, "zone": zone and zone.pk, **({"key_pair": pair.pk, "login": "key"} if pair else {})}
