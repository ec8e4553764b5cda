"""What the disks of images are encrypted with (§2.25): as people read it, and as an engine knows it."""

from collections.abc import Sequence

from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _

from images.models import Image, ImageQuerySet
from imsconsole.cloud.keys.material import engine_key
from imsconsole.cloud.models import Key
from imsconsole.engine import types as engine


def key_of(image: Image) -> engine.Key | None:
    """The key of an image's disks; its owner must be allowed to use it when they are read. Load `key` with it."""
    return engine_key(image.key, image.project_id or image.key.project_id) if image.key else None


def with_keys(images: ImageQuerySet) -> ImageQuerySet:
    """The images with what rules ask of their keys and of the grants of those, in a few queries for all of them."""
    return images.select_related("key").prefetch_related("key__grants", "disks__key__grants")


def load_keys(images: Sequence[Image]) -> None:
    """The same of images that are there, with their `key`: no query where none is encrypted and none full-ECS."""
    prefetch_related_objects(images, "key__grants")
    prefetch_related_objects(
        [image for image in images if image.type == Image.Type.FULL], "disks__key__grants"
    )


def disk_keys(image: Image) -> list[Key | None]:
    """The key of each disk in their order, None where one is not encrypted. For lists: `with_keys`.

    Only the data disks of a full-ECS image may have others than the image's.
    """
    disks = image.disks.all() if image.type == Image.Type.FULL else ()
    return [image.key, *(disk.key for disk in disks if disk.index)]


def keys_of(image: Image) -> list[Key]:
    """Every key that its disks have, each once (R46, R90)."""
    return list(dict.fromkeys(key for key in disk_keys(image) if key))


def encryption_of(image: Image) -> str:
    """Whether its disks are encrypted, all or some, and with which keys."""
    names = ", ".join(key.name for key in keys_of(image))
    if not names:
        return _("Not encrypted")
    text = _("Encrypted: %(keys)s") if all(disk_keys(image)) else _("Partly encrypted: %(keys)s")
    return text % {"keys": names}
