"""What publishers and those who run their images are told."""

from typing import Any

from django.db.models import QuerySet

from images.product.ancestry import keys_made_of
from imsconsole.accounts.actor import members_of, members_of_each
from imsconsole.accounts.models import Project, Role, User
from imsconsole.cloud.models import Server
from imsconsole.notifications.models import Message
from imsconsole.notifications.send import send, send_each
from market.models import Edition, Listing, ListingVersion, Publisher

WRITERS = (Role.FULL_ACCESS, Role.ADMINISTRATOR)


def tell_publisher(code: str, publisher: Publisher, level: Message.Level, **values: Any) -> None:
    """The administrators of its account."""
    administrators = User.objects.filter(
        is_active=True, memberships__account=publisher.account_id, memberships__role=Role.ADMINISTRATOR
    )
    send(
        code,
        to=administrators,
        values={"publisher": publisher.name, **values},
        level=level,
        subject=("publisher", publisher.pk),
    )


def tell_sellers(code: str, version: ListingVersion, level: Message.Level, **values: Any) -> None:
    """Those who may change the listing."""
    project = version.listing.project
    send(
        code,
        to=members_of(project, *WRITERS),
        values={"listing": str(version), **values},
        level=level,
        project=project,
        subject=("listingversion", version.pk),
    )


def tell_buyers(code: str, version: ListingVersion, level: Message.Level, **values: Any) -> None:
    """The projects that have servers of the listing, or of what was made of it."""
    listing = version.listing
    send_each(
        code,
        to=members_of_each(projects_with(listing), *WRITERS),
        values={"listing": version.title, "version": version.version, **values},
        level=level,
        subject=("listing", listing.pk),
    )


def projects_with(listing: Listing) -> "QuerySet[Project]":
    """Projects, other than the publisher's, with a server of any version of the listing: it is charged there (H7)."""
    editions = Edition.objects.filter(version_of__listing=listing)
    images = keys_made_of(editions.values_list("image", flat=True))
    servers = Server.objects.filter(deleted_at=None, image__in=images)
    return Project.objects.filter(pk__in=servers.values("project")).exclude(pk=listing.project_id)
