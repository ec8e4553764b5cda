"""Listings and versions as they are now, held until the transaction ends. An image's row is held before."""

from uuid import UUID

from images.models import Image
from images.models.locks import held_image
from imsconsole.accounts.actor import Actor
from imsconsole.core.errors import Conflict, NotFound
from market.models import Listing, ListingVersion


def held_listing(pk: UUID) -> Listing:
    """The listing with its versions, its row held. Raises NotFound."""
    rows = Listing.objects.select_related("publisher", "project__account", "project__region")
    listing = rows.select_for_update(of=("self",), no_key=True).filter(pk=pk).first()
    if listing is None:
        raise NotFound
    return listing


def held_version(version: ListingVersion) -> ListingVersion:
    """The version as it is now, its listing's row held. Raises NotFound."""
    listing = held_listing(version.listing_id)
    row = ListingVersion.objects.select_related("image").filter(pk=version.pk).first()
    if row is None:
        raise NotFound
    row.listing = listing
    return row


def held_offer(version: ListingVersion, actor: Actor) -> tuple[ListingVersion, Image]:
    """The version and its image, with facts, as they are now, both rows held.

    Raises NotFound, and Conflict when the version has got another image meanwhile.
    """
    image = held_image(Image.objects.visible_to(actor).with_facts(actor), version.image_id)
    version = held_version(version)
    if version.image_id != image.pk:
        raise Conflict
    return version, image
