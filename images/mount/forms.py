"""The choice of an ISO image."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from images.models import Image
from images.mount.rules import can_mount
from images.product.pickers import ImagePicker
from images.selection.tabs import MARKET, PRIVATE, PUBLIC, SHARED
from imsconsole.accounts.actor import Actor
from imsconsole.core.pickers import PickingForm


class IsoPicker(ImagePicker):
    heads = (_("Name"), _("OS"))
    nothing = _("There is no ISO image in state Normal here.")

    def offer_isos(self, actor: Actor) -> None:
        """Those of the project first."""
        kinds = (PRIVATE, SHARED, PUBLIC, MARKET)
        self.offer_to(actor, lambda: kinds, lambda image: can_mount(image, actor), type=Image.Type.ISO)

    def cells(self, image: Image) -> Iterable[Any]:
        yield image.os_version or "–"


class MountForm(PickingForm):
    image = IsoPicker(label=_("ISO image"))

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["image"].offer_isos(actor)  # type: ignore[attr-defined]
