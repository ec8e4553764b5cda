"""Publishers, their listings and versions, editions in the regions, prices, agreements, the ledger."""

from market.models.ledger import Charge
from market.models.listings import Acceptance, Edition, Listing, ListingVersion, Picture, Software
from market.models.prices import Price
from market.models.publishers import Publisher

__all__ = [
    "Acceptance",
    "Charge",
    "Edition",
    "Listing",
    "ListingVersion",
    "Picture",
    "Price",
    "Publisher",
    "Software",
]
