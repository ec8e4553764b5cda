"""The listings of a project, and the versions of one."""

from typing import ClassVar

import django_tables2 as tables
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from imsconsole.core.cells import fragment, joined, named
from imsconsole.core.tables import Empty, ImsTable, NumberColumn, StatusColumn, TimeColumn
from market.models import Listing, ListingVersion


class ListingTable(ImsTable):
    """The rows come from `listings_of`."""

    caption = _("Listings")
    empty = Empty(
        _("No listings yet"),
        _("Offer a system disk image of this project to everybody: free, or for a price."),
        icon="shopping-bag",
    )

    title = tables.Column(
        accessor="latest__title", verbose_name=_("Title/Product code"), order_by=("latest_title", "pk")
    )
    state = tables.Column(accessor="pk", verbose_name=_("Versions"), orderable=False)
    servers_count = NumberColumn("servers_count", verbose_name=_("Servers"))
    created_at = TimeColumn("created_at")

    class Meta(ImsTable.Meta):
        model = Listing
        fields = ("title", "state", "servers_count", "created_at")
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "listings-table"}
        order_by = ("-created_at",)

    def render_title(self, record: Listing) -> SafeString:
        return named(record.latest.title, record.pk, url=reverse("market:listing", args=[record.pk]))

    def render_state(self, record: Listing) -> SafeString:
        """What is on the market, and what is on its way there."""
        told = [version for version in (record.published, record.in_making) if version] or [record.latest]
        return joined(*(fragment("market/_state.html", version=version) for version in told))


class VersionTable(ImsTable):
    """All versions of a listing."""

    caption = _("Versions")

    version = tables.Column(
        linkify=("market:version", {"version_id": tables.A("pk")}), order_by=("version", "pk")
    )
    state = StatusColumn("state")
    image = tables.Column(linkify=True, order_by=("image__name", "pk"))
    submitted_at = TimeColumn("submitted_at")
    published_at = TimeColumn("published_at")

    class Meta(ImsTable.Meta):
        model = ListingVersion
        fields = ("version", "state", "image", "submitted_at", "published_at")
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "versions-table"}
        order_by = ("-created_at",)
