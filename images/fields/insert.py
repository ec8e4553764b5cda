"""The row of a new private image, with its tags."""

from collections.abc import Mapping

from images.fields.rules import name_is_free
from images.models import Image, ImageTag
from imsconsole.accounts.actor import Actor
from imsconsole.core.contention import one_wins


def insert_image(image: Image, tags: Mapping[str, str] | None, actor: Actor) -> Image:
    """Two who choose the same name at once: the database lets one in, the other reads a sentence (R39)."""
    name_is_free(image.name, actor).require()
    with one_wins(lambda: name_is_free(image.name, actor)):
        image.save(force_insert=True)
    ImageTag.objects.bulk_create(
        ImageTag(image=image, key=key, value=value) for key, value in (tags or {}).items()
    )
    return image
