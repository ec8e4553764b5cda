"""What an image was made from, through every generation: whose terms hold for it (R73, R74).

Rows of images stay when these are deleted or were never visible to the reader, so the line is complete. It
ends with an image that was made from an external file or is the platform's own.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import F

from images.models import Image

MOST_GENERATIONS = 100
# of a market image: the account that offers it
SELLER = F("edition__version_of__listing__project__account")


def load_ancestors(images: Iterable[Image]) -> None:
    """Give each of `images` its `ancestors`, the nearest first: a query per generation, however many there are."""
    images = list(images)
    known: dict[Any, Image] = {}
    wanted = {image.parent_id for image in images if image.parent_id}
    for _generation in range(MOST_GENERATIONS):
        if not wanted:
            break
        found = (
            Image.objects.filter(pk__in=wanted)
            .select_related("os_version")
            .annotate(
                seller_id=SELLER  # type: ignore[no-redef]
            )
        )
        known |= {image.pk: image for image in found}
        wanted = {image.parent_id for image in known.values() if image.parent_id} - known.keys()
    for image in images:
        image.ancestors = _line(image, known)


def keys_made_of(keys: Iterable[UUID]) -> set[UUID]:
    """The keys of images, with those of everything made of them, down to what is on the market itself.

    A query per generation, however many there are.
    """
    wanted = set(keys)
    found = set(wanted)
    for _generation in range(MOST_GENERATIONS):
        if not wanted:
            break
        made = Image.objects.filter(parent__in=wanted).exclude(category=Image.Category.MARKET)
        wanted = set(made.values_list("pk", flat=True)) - found
        found |= wanted
    return found


def _line(image: Image, known: dict[Any, Image]) -> tuple[Image, ...]:
    line: list[Image] = []
    while image.parent_id in known and len(line) < MOST_GENERATIONS:
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
