"""What its seller may do with a listing."""

from collections.abc import Callable
from functools import wraps

from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.core.actions import Action
from imsconsole.core.rules import Verdict
from market.listings.lookup import image_of
from market.listings.rules import (
    can_create_listing,
    can_create_version,
    can_discard_version,
    can_edit_version,
    can_recall_version,
    can_submit_version,
    can_withdraw_listing,
)
from market.models import Listing, ListingVersion, Publisher
from market.prices.rules import can_price_listing


def version_of(listing: Listing) -> ListingVersion:
    """The one in the making, else the latest."""
    version: ListingVersion = listing.in_making or listing.latest
    version.listing = listing
    return version


def _of_version(rule: Callable[[ListingVersion, Actor], Verdict]) -> Callable[[Listing, Actor], Verdict]:
    @wraps(rule)
    def ask(listing: Listing, actor: Actor) -> Verdict:
        return rule(version_of(listing), actor)

    return ask


@wraps(can_submit_version)
def _can_submit(listing: Listing, actor: Actor) -> Verdict:
    version = version_of(listing)
    return can_submit_version(version, image_of(version, actor), actor)


@wraps(can_create_listing)
def _can_create(actor: Actor, publisher: Publisher | None) -> Verdict:
    return can_create_listing(publisher, actor)


def _is_making(listing: Listing) -> bool:
    return listing.in_making is not None


LISTING_ACTIONS = (
    Action(_("Send in"), "market:submit", _can_submit, "paper-airplane", is_shown=_is_making,
        style="primary"),
    Action(_("Edit draft"), "market:edit-listing", _of_version(can_edit_version), "pencil-square",
        is_shown=_is_making),
    Action(_("Take back"), "market:recall", _of_version(can_recall_version), "arrow-uturn-left",
        is_shown=lambda listing: (_is_making(listing) and listing.in_making.state == ListingVersion.State.IN_REVIEW),
        method="post"),
    Action(_("Discard draft"), "market:discard", _of_version(can_discard_version), "trash",
        is_shown=_is_making, asks=True),
    Action(_("New version"), "market:create-version", can_create_version, "plus"),
    Action(_("Set price"), "market:set-price", can_price_listing, "banknotes"),
    Action(_("Withdraw from the market"), "market:withdraw", can_withdraw_listing, "archive-box-arrow-down"),
)  # fmt: skip
LISTING_LIST_ACTIONS = (
    Action(_("Create listing"), "market:create-listing", _can_create, "plus", spares=("publisher",),
        style="primary"),
)  # fmt: skip
