"""The operator's pages of this room."""

from market.billing.admin import ChargeAdmin
from market.prices.admin import PriceAdmin
from market.review.admin import ListingAdmin, ListingVersionAdmin, PublisherAdmin

__all__ = ["ChargeAdmin", "ListingAdmin", "ListingVersionAdmin", "PriceAdmin", "PublisherAdmin"]
