"""Which price holds when."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery

from imsconsole.core.now import now
from market.models import Listing, Price


def prices_of_listing(listing: Listing) -> "QuerySet[Price]":
    """All prices it ever had or will have, the latest first."""
    return Price.objects.filter(listing=listing)


def latest_price_of_operator() -> Price | None:
    """Of flavors and disks, the one that came last: another one says that what they cost has changed."""
    return Price.objects.exclude(of=Price.Of.LISTING).filter(valid_from__lte=now()).first()


def terms_of(price: Price | None) -> dict[str, Any]:
    """What was said of a price; without one it is free."""
    if price is None:
        return {"unit": Price.Unit.FREE.value, "amount": 0, "per_vcpu": False, "trial_days": 0}
    return {
        "unit": price.unit,
        "amount": price.value,
        "per_vcpu": price.per_vcpu,
        "trial_days": price.trial_days,
    }


def price_of_listing(listing: Listing, at: datetime | None = None) -> Price | None:
    """What it costs those who begin at that moment, or now."""
    return prices_of_listing(listing).filter(valid_from__lte=at or now()).first()


def with_price(rows: "QuerySet[Any]", listing: str = "pk") -> "QuerySet[Any]":
    """Rows of listings, or with one at `listing`, with `price_unit` and `price_amount` of now, to filter and sort by.

    Both are None of a listing without a price, which is free as well.
    """
    valid = Price.objects.filter(listing=OuterRef(listing), valid_from__lte=now()).order_by("-valid_from")
    return rows.annotate(
        price_unit=Subquery(valid.values("unit")[:1]), price_amount=Subquery(valid.values("amount")[:1])
    )


def prices_of(listings: Iterable[Any]) -> dict[Any, Price]:
    """The price of now of each of many listings (or their keys), in one query."""
    rows = Price.objects.filter(listing__in=list(listings), valid_from__lte=now()).order_by(
        F("valid_from").asc()
    )
    return {price.listing_id: price for price in rows}
