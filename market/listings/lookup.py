"""The listings of a project, for its pages."""

import uuid

from django.db.models import OuterRef, QuerySet
from django.shortcuts import get_object_or_404

from images.models import Image
from images.product.rules import OFFER_FACTS
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.service_admin import count_of
from imsconsole.cloud.models import Server
from market.models import Listing, ListingVersion

CONTENT = ("software", "pictures", "regions")


def listings_of(actor: Actor) -> "QuerySet[Listing]":
    """Those of the project with their versions, the latest first, and how many servers there are of each."""
    servers = Server.objects.filter(deleted_at=None)
    rows = Listing.objects.owned_by(actor).select_related("publisher", "project__account")
    return rows.prefetch_related("versions__image").annotate(
        servers_count=count_of(servers, "image__edition__version_of__listing"),
        latest_title=ListingVersion.objects.filter(listing=OuterRef("pk")).values("title")[:1],
    )


def find_listing(actor: Actor, listing_id: uuid.UUID) -> Listing:
    """One of them, or 404."""
    listing: Listing = get_object_or_404(listings_of(actor), pk=listing_id)
    return listing


def content_of(version: ListingVersion) -> ListingVersion:
    """The version with all that belongs to it."""
    rows = ListingVersion.objects.select_related(
        "image__os_version", "listing__publisher", "listing__project"
    )
    return rows.prefetch_related(*CONTENT).get(pk=version.pk)


def image_of(version: ListingVersion, actor: Actor) -> Image:
    """The publisher's image with `OFFER_FACTS`, also when it is deleted."""
    return Image.objects.with_facts(actor, *OFFER_FACTS).get(pk=version.image_id)
