"""Modifying an image."""

from collections.abc import Mapping
from copy import copy
from types import MappingProxyType
from typing import Any

from django.utils.translation import gettext_lazy as _

from images.fields.rules import name_is_free
from images.models import Image
from images.modify.rules import can_modify, can_tag, refusals
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import explain, service
from imsconsole.cloud.tags.services import Tagging
from imsconsole.core.contention import one_wins
from imsconsole.core.edits import overwritten, told_of
from imsconsole.core.errors import Conflict
from imsconsole.core.locks import locked
from imsconsole.core.now import now
from imsconsole.core.rules import first_refusal
from imsconsole.core.sentences import translated


@service("updateImage")
def modify_image(
    image: Image,
    *,
    wanted: Mapping[str, Any],
    seen: Mapping[str, Any] = MappingProxyType({}),
    actor: Actor,
) -> Image:
    """Give an image other attributes: `wanted` by their names. Servers made from it stay as they are.

    `seen` are the values that the editor had before their eyes. Raises Refused, and Conflict when one
    of them was changed by someone else meanwhile.
    """
    image = locked(Image.objects.select_related("os_version"), image.pk)
    can_modify(image, actor).require()
    former = copy(image)
    if overwritten({name: getattr(image, name) for name in wanted}, seen, wanted):
        raise Conflict
    for name, value in wanted.items():
        setattr(image, name, value)
    changed = [name for name in wanted if getattr(former, name) != wanted[name]]
    first_refusal(verdict for _name, verdict in refusals(image, changed, actor)).require()
    _save(image, changed, actor)
    return explain(image, [_told(former, image, name) for name in changed])


def _save(image: Image, changed: list[str], actor: Actor) -> None:
    image.updated_at = now()
    with one_wins(lambda: name_is_free(image.name, actor)):
        image.save(update_fields=[*changed, "updated_at"])


def _told(former: Image, image: Image, name: str) -> dict[str, Any]:
    """ "minimum memory (MB): 0 → 512"; the text of user data is not the trail's."""
    label = getattr(Image._meta.get_field(name), "verbose_name", name)
    if name == "default_user_data":
        return translated(_("%(field)s: changed"), field=label)
    return translated(
        _("%(field)s: %(before)s → %(after)s"),
        field=label,
        before=told_of(former, name),
        after=told_of(image, name),
    )


def _note(image: Image) -> None:
    image.updated_at = now()
    image.save(update_fields=["updated_at"])


TAGS = Tagging[Image](lambda _actor: Image.objects.all(), can_tag, _note)
