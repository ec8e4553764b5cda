"""Which product an image is of: a private image that was made from a server of a market image keeps it (R74, H7)."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from images.models import Image
from images.product.ancestry import load_ancestors, market_image_of
from market.models import Edition


def products_of(image_ids: Iterable[Any]) -> dict[UUID, UUID]:
    """The listing of each image that is on the market or comes from one that was: its nearest there counts."""
    images = list(Image.objects.filter(pk__in=set(image_ids)))
    load_ancestors(images)
    nearest = {image.pk: market.pk for image in images if (market := market_image_of(image))}
    rows = Edition.objects.filter(image__in=nearest.values()).values_list("image", "version_of__listing")
    listings = dict(rows)
    return {key: listings[pk] for key, pk in nearest.items() if pk in listings}
