"""Listings and versions as they are now, locked until the transaction ends. An image's row is locked before."""

from uuid import UUID

from images.models import Image
from images.models.locks import locked_image
from images.product.rules import OFFER_FACTS
from imsconsole.accounts.actor import Actor
from imsconsole.core.errors import Conflict, NotFound
from market.models import Listing, ListingVersion


def locked_listing(pk: UUID) -> Listing:
    """The listing with its versions, its row locked. Raises NotFound."""
    rows = Listing.objects.select_related("publisher", "project__account", "project__region")
    listing = rows.select_for_update(of=("self",), no_key=True).filter(pk=pk).first()
    if listing is None:
        raise NotFound
    return listing


def locked_version(version: ListingVersion) -> ListingVersion:
    """The version as it is now, its listing's row locked. Raises NotFound."""
    listing = locked_listing(version.listing_id)
    row = ListingVersion.objects.select_related("image").filter(pk=version.pk).first()
    if row is None:
        raise NotFound
    row.listing = listing
    return row


def locked_offer(version: ListingVersion, actor: Actor) -> tuple[ListingVersion, Image]:
    """The version and its image, with `OFFER_FACTS`, as they are now, both rows locked.

    Raises NotFound, and Conflict when the version has got another image meanwhile.
    """
    image = locked_image(Image.objects.visible_to(actor).with_facts(actor, *OFFER_FACTS), version.image_id)
    version = locked_version(version)
    if version.image_id != image.pk:
        raise Conflict
    return version, image
