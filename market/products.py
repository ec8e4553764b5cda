"""Which product an image is of: a private image that was made from a server of a market image keeps it (R74, H7)."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from images.ancestry import ancestors_of, load_ancestors
from images.models import Image
from market.models import Edition


def products_of(image_ids: Iterable[Any]) -> dict[UUID, UUID]:
    """The listing of each image that is on the market or comes from one that was: its nearest there counts."""
    images = list(Image.objects.filter(pk__in=set(image_ids)))
    load_ancestors(images)
    lines = {image.pk: [image, *ancestors_of(image)] for image in images}
    everything = {each.pk for line in lines.values() for each in line}
    rows = Edition.objects.filter(image__in=everything).values_list("image", "version_of__listing")
    listings = dict(rows)
    found = {
        key: next((each.pk for each in line if each.pk in listings), None) for key, line in lines.items()
    }
    return {key: listings[nearest] for key, nearest in found.items() if nearest}
