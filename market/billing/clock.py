"""What the clock charges."""

from datetime import timedelta

from imsconsole.core.periodic import Periodic
from market.billing.ledger import settle_usage

PERIODIC = (Periodic("market.settle_usage", timedelta(minutes=1), settle_usage),)
