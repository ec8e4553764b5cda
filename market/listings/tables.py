"""The listings of a project, and the versions of one."""

from typing import Any, ClassVar

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.core.tables import FragmentColumn, ImsTable, NumberColumn, TimeColumn
from market.models import Listing, ListingVersion


class ListingTable(ImsTable):
    """The rows come from `listings_of`."""

    caption = _("Listings")
    empty_template = "market/_no_listings.html"

    title = FragmentColumn(
        template_name="market/_cell_listing.html",
        verbose_name=_("Title/Product code"),
        order_by=("latest_title", "pk"),
    )
    state = FragmentColumn(
        template_name="market/_cell_states.html", verbose_name=_("Versions"), orderable=False
    )
    servers_count = NumberColumn("servers_count", verbose_name=_("Servers"))
    created_at = TimeColumn("created_at")

    class Meta(ImsTable.Meta):
        model = Listing
        fields = ("title", "state", "servers_count", "created_at")
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "listings-table"}
        order_by = ("-created_at",)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor


class VersionTable(ImsTable):
    """All versions of a listing."""

    caption = _("Versions")

    version = tables.Column(
        linkify=("market:version", {"version_id": tables.A("pk")}), order_by=("version", "pk")
    )
    state = FragmentColumn(template_name="market/_cell_state.html", order_by=("state", "pk"))
    image = tables.Column(linkify=True, order_by=("image__name", "pk"))
    submitted_at = TimeColumn("submitted_at")
    published_at = TimeColumn("published_at")

    class Meta(ImsTable.Meta):
        model = ListingVersion
        fields = ("version", "state", "image", "submitted_at", "published_at")
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "versions-table"}
        order_by = ("-created_at",)
