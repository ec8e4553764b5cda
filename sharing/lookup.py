"""One's own image, and with whom it is shared."""

import uuid

from django.shortcuts import get_object_or_404

from images.models import Image
from imsconsole.accounts.actor import Actor
from sharing.models import Share, ShareQuerySet


def shares_of(image: Image, actor: Actor) -> ShareQuerySet:
    """Those that live, in an order that is everybody's: who goes through them waits for nobody who does, too."""
    shares = Share.objects.given_by(actor).filter(image=image).with_facts().with_names(actor)
    return shares.select_related("image", "project", "copy").order_by("project")


def own_image(image_id: uuid.UUID, actor: Actor, fact: str, *more: str) -> Image:
    """With these facts and its key, or 404."""
    images = Image.objects.owned_by(actor).with_facts(actor, fact, *more)
    return get_object_or_404(images.select_related("key"), pk=image_id)
