"""Periodic work of this room."""

from datetime import timedelta

from imsconsole.core.periodic import Periodic
from market.billing.ledger import settle_usage
from market.review.editions import delete_old_editions

PERIODIC = (
    Periodic("market.settle_usage", timedelta(minutes=1), settle_usage),
    Periodic("market.delete_old_editions", timedelta(minutes=10), delete_old_editions),
)
