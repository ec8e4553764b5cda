"""What is typed to create a data disk: blank, or from a data disk image."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from images.launch.disk.rules import can_create_disk_from, fits_image
from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.disks.forms import BlankDiskForm
from imsconsole.core.forms import RuledChoiceField


class DataImageChoice(RuledChoiceField):
    """Data disk images in state Normal; without one a disk is blank."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Image.objects.none(), required=False, empty_label=_("None: a blank disk"), **kwargs)

    def offer_to(self, actor: Actor, images: Sequence[Image]) -> None:
        """`images` are those that are shown."""
        self.offer(
            Image.objects.visible_to(actor).select_related("key").order_by("name", "pk"),
            lambda image: can_create_disk_from(image, actor),
            images,
        )

    def label_from_instance(self, image: Image) -> str:
        return f"{image.name} ({image.min_disk_gb} GB)"


class CreateDiskForm(BlankDiskForm):
    image = DataImageChoice(
        label=_("Data disk image"), help_text=_("The new disk begins with what the image holds.")
    )
    field_order = ["image"]

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, actor=actor, **kwargs)
        self.fields["image"].offer_to(actor, data_images(actor))  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        typed = self.cleaned_data
        if image := typed.get("image"):
            if "size_gb" in typed and not (verdict := fits_image(image, typed["size_gb"])):
                self.add_error("size_gb", str(verdict.reason))
            elif typed.get("key"):
                self.add_error("key", _("The disk is encrypted as its image is. Choose no key."))
        return typed


def data_images(actor: Actor) -> Any:
    """Those that a disk can be made of, by name."""
    images = Image.objects.visible_to(actor).filter(type=Image.Type.DATA, status=Image.Status.ACTIVE)
    return images.select_related("key").order_by("name", "pk")
