"""A project's own listings in the search."""

from django.utils.translation import gettext_lazy as _

from imsconsole.search.kinds import Kind
from market.listings.filters import ListingFilter
from market.listings.lookup import listings_of

SEARCHED = (
    Kind(
        7, _("Listings"), "tag", listings_of, ListingFilter, "market:listings", "market:listing",
        name="latest_title", told=lambda listing: listing.latest.get_state_display(),
    ),
)  # fmt: skip
