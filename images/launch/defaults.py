"""What an order of servers is filled with before somebody chooses: an image, a fitting flavor, disks that hold the image."""

from typing import Any

from images.launch.fit import flavor_choices
from images.launch.rules import data_disks_gb_of
from images.models import Image
from images.product.pickers import with_parts
from images.selection.tabs import CHOSEN_AMONG, of_kind
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.hosts import Host
from imsconsole.core.pickers import AT_ONCE
from imsconsole.core.query_string import number_in, row_of

DEFAULTS = {"count": 1, "data_disks": 0}


def completed(typed: dict[str, Any], actor: Actor, host: Host) -> dict[str, Any]:
    """What was typed, with an image, a fitting flavor and a system disk that holds the image."""
    image = _image(typed, actor)
    fitting = [choice.thing.pk for choice in flavor_choices(image, "", host.capabilities) if choice.verdict]
    is_another = bool(image and typed.get("of_image") and typed["of_image"] != str(image.pk))
    if image and image.default_flavor_id in fitting and (is_another or typed.get("flavor") not in fitting):
        typed["flavor"] = image.default_flavor_id
    elif typed.get("flavor") not in fitting:
        typed["flavor"] = fitting[0] if fitting else ""
    typed["image"] = image or ""
    least = image.min_disk_gb if image else 1
    if number_in(typed.get("system_disk_gb")) < least:
        typed["system_disk_gb"] = least
    return _with_data_disks(typed, image)


def _with_data_disks(typed: dict[str, Any], image: Image | None) -> dict[str, Any]:
    """The data disks of a full-ECS image, at least as large as they are (R95); those of another are forgotten."""
    sizes = data_disks_gb_of(image) if image else []
    former = str(typed.get("of_image", ""))
    if image and former and former != str(image.pk):
        typed["data_disks"] = len(sizes)
    typed["data_disks"] = max(number_in(typed.get("data_disks")), len(sizes))
    for number, least in enumerate(sizes, 1):
        typed[f"data_disk_{number}"] = max(number_in(typed.get(f"data_disk_{number}")), least)
    return typed


def _image(typed: dict[str, Any], actor: Actor) -> Image | None:
    """The chosen image, else the first with a system among those that are shown at once, of the public ones if possible."""
    if chosen := row_of(with_parts(Image.objects.visible_to(actor)), typed.get("image")):
        return chosen
    kinds = (of_kind(kind, actor).filter(status=Image.Status.ACTIVE) for kind in CHOSEN_AMONG)
    shown = (image for images in kinds for image in with_parts(images)[:AT_ONCE])
    return next((image for image in shown if image.type == Image.Type.SYSTEM), None)
