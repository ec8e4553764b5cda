"""An image's row, held until the transaction ends."""

from uuid import UUID

from images.models import Image, ImageQuerySet
from imsconsole.core.errors import NotFound


def held_image(images: ImageQuerySet, pk: UUID) -> Image:
    """One of `images` as it is now, its row held. Raises NotFound.

    First the row, then the question whether it is among them: what its owner stopped sharing while this
    waited for the row is not there any more (R102). One question for both would be answered as of before.
    """
    Image.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if (row := images.filter(pk=pk).first()) is None:
        raise NotFound
    return row
