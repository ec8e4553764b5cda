"""Set prices."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.utils.functional import Promise

from imsconsole.accounts.actor import Actor, Operator
from imsconsole.accounts.log import explain, service
from imsconsole.cloud.servers.usage import lock_settled
from imsconsole.core.edits import overwritten
from imsconsole.core.errors import Conflict
from imsconsole.core.locks import locked
from imsconsole.core.now import now
from market.models import Listing, Price
from market.money import kept_price
from market.prices.lookup import price_of_listing, terms_of
from market.prices.rules import can_set_price


@service("setPrice")
def set_price(
    price: Price,
    *,
    valid_from: datetime | None = None,
    seen: Mapping[str, Any] = MappingProxyType({}),
    actor: Actor | Operator,
) -> Price:
    """Write a new price; it holds from `valid_from` on, or from now.

    `seen` are the terms of a listing that its seller had before their eyes. Raises Refused, and Conflict when
    one of them was changed by someone else meanwhile.

    Of a listing it is for those who begin later (a server keeps the price it began with); of flavors and disks
    for everyone. None begins in an hour that is charged already: the position of the ledger is held meanwhile.
    """
    if price.listing_id:
        price.listing = locked(Listing.objects.with_seller(), price.listing_id)
        if overwritten(terms_of(price_of_listing(price.listing)), seen, terms_of(price)):
            raise Conflict
    settled = lock_settled()
    at = now()
    price.created_at, price.created_by = at, actor.user
    price.valid_from = max(valid_from or at, settled.until)
    can_set_price(price, actor).require()
    price.save(force_insert=True)
    return explain(price, kept_price(price), name=_priced(price))


def _priced(price: Price) -> str | Promise:
    """What it is the price of."""
    if price.listing:
        return price.listing.latest.title
    return price.flavor.name if price.flavor else Price.Of.DISK.label
