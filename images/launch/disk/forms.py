"""What is typed to create a data disk: blank, or from a data disk image."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from images.launch.disk.rules import can_create_disk_from, can_order_disk_from, fits_image
from images.models import Image
from images.product.pickers import ImagePicker
from images.selection.tabs import MARKET, PRIVATE, PUBLIC, SHARED
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.disks.forms import BlankDiskForm
from imsconsole.cloud.disks.rules import can_order_disk
from imsconsole.cloud.models import Key
from imsconsole.core.pickers import PickingForm
from imsconsole.core.query_string import number_in
from imsconsole.core.rules import ALLOWED, Verdict
from imsconsole.core.summary import Costs, Summary


class DataImagePicker(ImagePicker):
    """A data disk image in state Normal; without one a disk is blank."""

    heads = (_("Name"), _("Disk"))
    nothing = _("There is no data disk image in state Normal here.")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, empty_label=_("None: a blank disk"), **kwargs)

    def offer_data_images(self, actor: Actor) -> None:
        """Those of the project first."""
        kinds = (PRIVATE, SHARED, PUBLIC, MARKET)
        self.offer_to(
            actor, lambda: kinds, lambda image: can_create_disk_from(image, actor), type=Image.Type.DATA
        )

    def cells(self, image: Image) -> Iterable[Any]:
        yield f"{image.min_disk_gb} GB"

    def label_from_instance(self, image: Image) -> str:
        return f"{image.name} ({image.min_disk_gb} GB)"


class CreateDiskForm(PickingForm, BlankDiskForm):
    image = DataImagePicker(
        label=_("Data disk image"), help_text=_("The new disk begins with what the image holds.")
    )
    field_order = ["image"]

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, actor=actor, **kwargs)
        self.fields["image"].offer_data_images(actor)  # type: ignore[attr-defined]

    def summary(self) -> Summary:
        """The disk as it is filled in now."""
        image, size_gb, key = self["image"].chosen, number_in(self["size_gb"].value()), self.filled("key")  # type: ignore[attr-defined]
        return Summary(
            facts=[
                (_("Content"), image or _("None: a blank disk")),
                (_("Size"), f"{size_gb} GB"),
                (_("Encryption"), (image.key if image else key) or _("Not encrypted")),
                (_("Name"), self["name"].value() or "–"),
            ],
            quota={"disks": 1, "disk_gb": size_gb},
            verdict=self._foreseen(image, size_gb, key),
            costs=Costs(size_gb),
        )

    def _foreseen(self, image: Image | None, size_gb: int, key: Key | None) -> Verdict:
        zone = self.filled("zone") or self.actor.region.zones.first()
        if zone is None:
            return ALLOWED
        if image:
            return can_order_disk_from(image, size_gb, zone, self.actor)
        return can_order_disk(size_gb, zone, self.actor, key)

    def clean(self) -> dict[str, Any]:
        typed = self.cleaned_data
        if image := typed.get("image"):
            if "size_gb" in typed and not (verdict := fits_image(image, typed["size_gb"])):
                self.add_error("size_gb", str(verdict.reason))
            elif typed.get("key"):
                self.add_error("key", _("The disk is encrypted as its image is. Choose no key."))
        return typed
