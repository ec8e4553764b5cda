"""A share as it is now, its image's row locked until the transaction ends."""

from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.core.errors import NotFound
from sharing.models import Share


def locked_share(share: Share, actor: Actor) -> Share:
    """The share as it is now, its image's row locked; one that the actor cannot see (any more) is not there."""
    Image.objects.select_for_update(no_key=True).filter(pk=share.image_id).first()
    rows = Share.objects.visible_to(actor).with_facts()
    row = rows.select_related("image", "owner__account", "project__account").filter(pk=share.pk).first()
    if row is None:
        raise NotFound
    return row
