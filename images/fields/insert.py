"""The row of a new private image, with its tags."""

from collections.abc import Mapping

from django.db import IntegrityError, transaction

from images.fields.rules import name_is_free
from images.models import Image, ImageTag
from imsconsole.accounts.actor import Actor


def insert_image(image: Image, tags: Mapping[str, str] | None, actor: Actor) -> Image:
    """Two who choose the same name at once: the database lets one in, the other reads a sentence (R39)."""
    name_is_free(image.name, actor).require()
    try:
        with transaction.atomic():
            image.save(force_insert=True)
    except IntegrityError:
        name_is_free(image.name, actor).require()
        raise
    ImageTag.objects.bulk_create(
        ImageTag(image=image, key=key, value=value) for key, value in (tags or {}).items()
    )
    return image
