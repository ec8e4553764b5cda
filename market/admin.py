"""The operator's pages of this room."""

from market.review.admin import ListingAdmin, ListingVersionAdmin, PublisherAdmin

__all__ = ["ListingAdmin", "ListingVersionAdmin", "PublisherAdmin"]
