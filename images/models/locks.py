"""Rows of images, locked until the transaction ends."""

from collections.abc import Iterable
from uuid import UUID

from images.models import Image, ImageQuerySet
from imsconsole.core.errors import NotFound
from imsconsole.core.locks import locked


def locked_images(images: ImageQuerySet, pks: Iterable[UUID]) -> dict[UUID, Image]:
    """Those of `images` with these keys as they are now, by key, their rows locked. Raises NotFound when one is not there.

    First the rows, then the question whether they are among them: what its owner stopped sharing while this
    waited for the row is not there any more (R102). One question for both would be answered as of before.
    """
    wanted = set(pks)
    locked(Image.objects.filter(pk__in=wanted))
    rows = images.in_bulk(wanted)
    if rows.keys() != wanted:
        raise NotFound
    return rows


def locked_image(images: ImageQuerySet, pk: UUID) -> Image:
    """One of `images` as it is now, its row locked. Raises NotFound."""
    return locked_images(images, [pk])[pk]
