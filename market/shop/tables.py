"""The list of offers, and the columns of its file."""

from typing import ClassVar

import django_tables2 as tables
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from imsconsole.core.csv import Columns
from imsconsole.core.tables import ActionsColumn, Empty, FragmentColumn, ImsTable, NumberColumn, TimeColumn
from market.models import ListingVersion
from market.money import price_text
from market.shop.actions import OFFER_ACTIONS
from market.shop.offers import load_deployments, priced


class OfferTable(ImsTable):
    """A page of `offers.offered_in`, for `actor`."""

    caption = _("Market images")
    empty = Empty(
        _("Nothing is offered in this region"),
        _("Offers of publishers appear here as soon as the operator has approved them."),
        icon="shopping-bag",
    )
    choosable: ClassVar[dict[str, bool]] = {
        "category": True,
        "platform": True,
        "price": True,
        "running": True,
        "version": False,
        "published_at": False,
    }

    name = FragmentColumn(
        "market/_cell_offer.html",
        accessor="title",
        verbose_name=_("Listing"),
        order_by=("title", "pk"),
    )
    category = tables.Column(verbose_name=_("Product category"), order_by=("category", "pk"))
    platform = tables.Column(verbose_name=_("OS"), order_by=("platform", "pk"))
    price = tables.Column(empty_values=(), order_by=("price_amount", "pk"), verbose_name=_("Price"))
    running = NumberColumn("running", verbose_name=_("Servers running"))
    version = tables.Column(order_by=("version", "pk"))
    published_at = TimeColumn("published_at")
    actions = ActionsColumn(OFFER_ACTIONS)

    class Meta(ImsTable.Meta):
        model = ListingVersion
        fields = ()
        attrs: ClassVar[dict[str, str]] = {"class": "table offers", "id": "offers-table"}
        order_by = ("-running", "name")

    def load(self, records: list[ListingVersion]) -> None:
        """Prices, and how each becomes a server."""
        self.prices = priced(records)
        load_deployments(records, self.actor)

    def render_price(self, record: ListingVersion) -> SafeString:
        return format_html('<span class="price">{}</span>', price_text(self.prices.get(record.listing_id)))


COLUMNS: Columns = (
    (_("Title"), lambda offer: offer.title),
    (_("Version"), lambda offer: offer.version),
    (_("Product code"), lambda offer: offer.listing_id),
    (_("Image ID"), lambda offer: offer.market_image),
    (_("Publisher"), lambda offer: offer.listing.publisher),
    (_("Category"), lambda offer: offer.get_category_display()),
    (_("OS"), lambda offer: offer.platform),
    (_("Charged"), lambda offer: offer.price_unit),
    (_("Price"), lambda offer: offer.price_amount),
    (_("Servers running"), lambda offer: offer.running),
)
