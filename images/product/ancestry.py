"""What an image was made from, through every generation: whose terms hold for it (R73, R74).

Rows of images stay when these are deleted or were never visible to the reader, so the line is complete. It
ends with an image that was made from an external file or is the platform's own.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F
from django.db.models.expressions import RawSQL

from images.models import Image

# of a market image: the account that offers it
SELLER = F("edition__version_of__listing__project__account")
UP = "image.id = line.parent_id"
DOWN = "image.parent_id = line.id AND image.category <> 'market'"


def load_ancestors(images: Iterable[Image]) -> None:
    """Give each of `images` its `ancestors`, the nearest first: one query, however many generations there are."""
    images = list(images)
    known: dict[Any, Image] = {}
    if wanted := {image.parent_id for image in images if image.parent_id}:
        found = Image.objects.filter(pk__in=_line_of(wanted, UP)).order_by().select_related("os_version")
        known = {image.pk: image for image in found.annotate(seller_id=SELLER)}  # type: ignore[no-redef]
    for image in images:
        image.ancestors = _line(image, known)


def keys_made_of(keys: Iterable[UUID]) -> set[UUID]:
    """The keys of images, with those of everything made of them, down to what is on the market itself."""
    if not (wanted := set(keys)):
        return set()
    made = Image.objects.filter(pk__in=_line_of(wanted, DOWN)).order_by()
    return wanted | set(made.values_list("pk", flat=True))


def _line_of(keys: set[Any], way: str) -> RawSQL:
    """The IDs of images with these keys, and of all that one comes to from them."""
    ids = [Image._meta.pk.get_db_prep_value(key, connection) for key in keys]
    marks = ", ".join(["%s"] * len(ids))
    return RawSQL(  # noqa: S611 - nothing of it is from outside
        "WITH RECURSIVE line(id, parent_id) AS ("
        f"SELECT id, parent_id FROM images_image WHERE id IN ({marks}) "
        f"UNION SELECT image.id, image.parent_id FROM images_image AS image JOIN line ON {way}"
        ") SELECT id FROM line",
        ids,
    )


def _line(image: Image, known: dict[Any, Image]) -> tuple[Image, ...]:
    line: list[Image] = []
    while image.parent_id in known:
        image = known[image.parent_id]
        line.append(image)
    return tuple(line)


def ancestors_of(image: Image) -> tuple[Image, ...]:
    """All it was made from, the nearest first; asked once for each row that was read."""
    if not hasattr(image, "ancestors"):
        load_ancestors([image])
    return image.ancestors


def market_image_of(image: Image) -> Image | None:
    """The nearest market image in its line, itself included: whose terms and price hold for it (R74, H7)."""
    line = (image, *ancestors_of(image))
    return next((each for each in line if each.category == Image.Category.MARKET), None)
