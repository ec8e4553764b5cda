"""The tags of an image."""

from collections.abc import Mapping

from images.fields.rules import tags_fit
from images.models import Image, ImageTag
from images.rules.tag import can_tag
from imsconsole.accounts.actor import Actor
from imsconsole.audit.trail import explain, service
from imsconsole.core.edits import told
from imsconsole.core.errors import Conflict
from imsconsole.core.now import now


@service("updateTag")
def tag_image(
    image: Image, *, tags: Mapping[str, str], seen: Mapping[str, str] | None = None, actor: Actor
) -> Image:
    """Give an image these tags and no others.

    `seen` are those that the editor had before their eyes. Raises Refused, and Conflict when someone
    else changed them meanwhile.
    """
    image = Image.objects.select_for_update(no_key=True).get(pk=image.pk)
    can_tag(image, actor).require()
    present = image.tag_values
    if seen is not None and present not in (seen, tags):
        raise Conflict
    tags_fit(dict(tags)).require()
    image.tags.all().delete()
    ImageTag.objects.bulk_create(ImageTag(image=image, key=key, value=value) for key, value in tags.items())
    image.updated_at = now()
    image.save(update_fields=["updated_at"])
    return explain(image, f"{told(present)} → {told(tags)}")
