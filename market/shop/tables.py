"""The list of offers."""

from typing import Any, ClassVar
from uuid import UUID

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.core.tables import ActionsColumn, FragmentColumn, ImsTable, NumberColumn, TimeColumn
from market.models import ListingVersion, Price
from market.shop.actions import OFFER_ACTIONS
from market.shop.offers import load_deployments, priced


class OfferTable(ImsTable):
    """A page of `offers.offered_in`, for `actor`; call `load` before it is drawn."""

    caption = _("Market images")
    empty_template = "market/_empty_list.html"
    choosable: ClassVar[dict[str, bool]] = {
        "category": True,
        "platform": True,
        "price": True,
        "running": True,
        "version": False,
        "published_at": False,
    }

    name = FragmentColumn(
        template_name="market/_cell_offer.html",
        accessor="title",
        verbose_name=_("Listing"),
        order_by=("title", "pk"),
    )
    category = tables.Column(verbose_name=_("Product category"), order_by=("category", "pk"))
    platform = tables.Column(verbose_name=_("OS"), order_by=("platform", "pk"))
    price = FragmentColumn(
        template_name="market/_cell_price.html",
        empty_values=(),
        order_by=("price_amount", "pk"),
        verbose_name=_("Price"),
        extra_context=lambda record, table: {"price": table.prices.get(record.listing_id)},
    )
    running = NumberColumn("running", verbose_name=_("Servers running"))
    version = tables.Column(order_by=("version", "pk"))
    published_at = TimeColumn("published_at")
    actions = ActionsColumn(OFFER_ACTIONS)

    class Meta(ImsTable.Meta):
        model = ListingVersion
        fields = ()
        attrs: ClassVar[dict[str, str]] = {"class": "table offers", "id": "offers-table"}
        order_by = ("-running", "name")

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        self.prices: dict[UUID, Price] = {}

    def load(self) -> "OfferTable":
        """What the rows of this page say besides: prices, and how each becomes a server."""
        shown = [row.record for row in self.paginated_rows]
        self.prices = priced(shown)
        load_deployments(shown, self.actor)
        return self


class OfferExport(tables.Table):
    """A line of the CSV per offer."""

    title = tables.Column()
    version = tables.Column()
    listing_id = tables.Column(verbose_name=_("Product code"))
    market_image = tables.Column(verbose_name=_("Image ID"))
    publisher = tables.Column(accessor="listing__publisher")
    category = tables.Column()
    platform = tables.Column(verbose_name=_("OS"), default="")
    price_unit = tables.Column(verbose_name=_("Charged"))
    price_amount = tables.Column(verbose_name=_("Price"))
    running = tables.Column(verbose_name=_("Servers running"))

    class Meta:
        model = ListingVersion
        fields = ()
