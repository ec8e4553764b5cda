"""Listings and versions as they are now, locked until the transaction ends. An image's row is locked before."""

from images.models import Image
from images.product.rules import OFFER_FACTS
from imsconsole.accounts.actor import Actor
from imsconsole.core.errors import Conflict, NotFound
from imsconsole.core.locks import locked
from market.models import Listing, ListingVersion


def locked_version(version: ListingVersion) -> ListingVersion:
    """The version as it is now, its listing's row locked. Raises NotFound."""
    listing = locked(Listing.objects.with_seller(), version.listing_id)
    row = ListingVersion.objects.select_related("image").filter(pk=version.pk).first()
    if row is None:
        raise NotFound
    row.listing = listing
    return row


def locked_offer(version: ListingVersion, actor: Actor) -> tuple[ListingVersion, Image]:
    """The version and its image, with `OFFER_FACTS`, as they are now, both rows locked.

    Raises NotFound, and Conflict when the version has got another image meanwhile.
    """
    image = locked(Image.objects.visible_to(actor).with_facts(actor, *OFFER_FACTS), version.image_id)
    version = locked_version(version)
    if version.image_id != image.pk:
        raise Conflict
    return version, image
