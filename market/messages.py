"""What publishers and those who run their images are told."""

from typing import Any

from django.db.models import Q

from imsconsole.accounts.actor import members_of
from imsconsole.accounts.models import Project, Role, User
from imsconsole.cloud.models import Server
from imsconsole.notifications.models import Message
from imsconsole.notifications.send import send
from imsconsole.notifications.values import moment
from market.models import Listing, ListingVersion, Publisher

WRITERS = (Role.FULL_ACCESS, Role.ADMINISTRATOR)


def tell_publisher(code: str, publisher: Publisher, level: Message.Level) -> None:
    """The administrators of its account."""
    administrators = User.objects.filter(
        is_active=True, memberships__account=publisher.account_id, memberships__role=Role.ADMINISTRATOR
    )
    values = {"publisher": publisher.name, "reason": publisher.reason}
    send(code, to=administrators, values=values, level=level, subject=("publisher", publisher.pk))


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


def tell_buyers(code: str, version: ListingVersion, level: Message.Level) -> None:
    """The projects that have servers of the listing; of what is made of such a server they know themselves."""
    listing = version.listing
    values: dict[str, Any] = {"listing": version.title, "version": version.version}
    if listing.reinstall_until:
        values |= {"until": moment(listing.reinstall_until), "reason": listing.withdrawn_because}
    for project in projects_with(listing):
        send(
            code,
            to=members_of(project, *WRITERS),
            values={**values, "project": project.name},
            level=level,
            project=project,
            subject=("listing", listing.pk),
        )


def projects_with(listing: Listing) -> list[Project]:
    """Projects, other than the publisher's, with a server of any version of the listing."""
    servers = Server.objects.filter(deleted_at=None, image__edition__version_of__listing=listing)
    found = Project.objects.filter(Q(pk__in=servers.values("project")) & ~Q(pk=listing.project_id))
    return list(found.select_related("account", "region"))
