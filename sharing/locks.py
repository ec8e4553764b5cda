"""A share as it is now, its image's row locked until the transaction ends."""

from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.core.errors import NotFound
from imsconsole.core.locks import locked
from sharing.models import Share


def locked_share(share: Share, actor: Actor) -> Share:
    """The share as it is now, its image's row locked; one that the actor cannot see (any more) is not there."""
    locked(Image.objects.all(), share.image_id)
    rows = Share.objects.visible_to(actor).with_facts()
    row = rows.select_related("image", "owner__account", "project__account").filter(pk=share.pk).first()
    if row is None:
        raise NotFound
    return row
