"""The tags of an image as they are to be: what goes and what comes, both or neither."""

from collections.abc import Mapping

from django.db import transaction

from images.models import Image
from images.modify.rules import can_tag
from images.modify.services import add_tags, delete_tags
from imsconsole.accounts.actor import Actor
from imsconsole.core.contention import retried
from imsconsole.core.errors import Conflict
from imsconsole.core.locks import locked


@retried
def tag_image(
    image: Image, *, tags: Mapping[str, str], seen: Mapping[str, str] | None = None, actor: Actor
) -> None:
    """Give an image these tags and no others.

    `seen` are those that the editor had before their eyes. Raises Refused, and Conflict when someone
    else changed them meanwhile.
    """
    with transaction.atomic():
        image = locked(Image.objects.all(), image.pk)
        can_tag(image, actor).require()
        present = image.tag_values
        if seen is not None and present not in (seen, tags):
            raise Conflict
        if gone := present.keys() - tags.keys():
            delete_tags(image, keys=gone, actor=actor)
        if new := {key: value for key, value in tags.items() if present.get(key) != value}:
            add_tags(image, tags=new, actor=actor)
