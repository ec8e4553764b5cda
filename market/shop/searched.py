"""What the market offers, in the search."""

from django.utils.translation import gettext_lazy as _

from imsconsole.search.kinds import Kind
from market.shop.filters import OfferFilter
from market.shop.offers import offered_in

SEARCHED = (
    Kind(
        8, _("Market"), "shopping-bag", offered_in, OfferFilter, "market:list", "market:detail",
        key="listing_id", name="title", order=("-published_at", "pk"), is_own=False,
        told=lambda version: version.listing.publisher.name,
    ),
)  # fmt: skip
