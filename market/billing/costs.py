"""What servers cost: arithmetic alone, of prices and stretches of time (R20, R21, H7).

Everything is counted in whole seconds of UTC: a moment within a second counts as the beginning of that second, so
that the parts of a time add up to the whole.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import zip_longest
from uuid import UUID

from market.models import Price

HOUR = timedelta(hours=1)
PLACES = Decimal("1e-8")
SECONDS_PER_HOUR = 3600
MONTHLY = (Price.Unit.MONTH, Price.Unit.GB_MONTH)


@dataclass(frozen=True)
class ProductRun:
    """The time of a server with one product: it keeps the price that held when it began."""

    listing_id: UUID
    price: Price | None
    trial_until: datetime | None = None


@dataclass(frozen=True)
class Stay:
    """A stretch of time in which a server had one state, image, flavor and size of disks."""

    begin: datetime
    end: datetime
    is_running: bool
    image_id: UUID
    flavor_id: str
    vcpus: int
    disk_gb: int
    run: ProductRun | None = None

    @property
    def seconds(self) -> int:
        return seconds_between(self.begin, self.end)


@dataclass
class CostLine:
    """What a server costs by one price in one hour."""

    price: Price
    image_id: UUID
    seconds: int = 0
    unit_seconds: int = 0

    def amount(self, hour: datetime) -> Decimal:
        """In the currency of the price, to eight decimals."""
        return cost(self.price, self.unit_seconds, hour)


@dataclass
class Tariff:
    """The operator's prices, which hold for everyone from their moment on: of each flavor, and of disks ("")."""

    prices: dict[str, list[Price]] = field(default_factory=dict)

    @classmethod
    def of(cls, prices: Iterable[Price]) -> "Tariff":
        tariff = cls()
        for price in sorted(prices, key=lambda price: price.valid_from):
            tariff.prices.setdefault(price.flavor_id or "", []).append(price)
        return tariff

    def during(self, what: str, begin: datetime, end: datetime) -> Iterator[tuple[Price, int]]:
        """Each price that holds in that time, and for how many seconds."""
        prices = self.prices.get(what, [])
        for price, following in zip_longest(prices, prices[1:]):
            until = min(end, following.valid_from) if following else end
            if (seconds := seconds_between(max(begin, price.valid_from), until)) > 0:
                yield price, seconds


def seconds_between(begin: datetime, end: datetime) -> int:
    """Whole seconds, below 0 when the end is earlier."""
    return int((end.replace(microsecond=0) - begin.replace(microsecond=0)).total_seconds())


def seconds_of_month(at: datetime) -> int:
    at = at.astimezone(UTC)
    return monthrange(at.year, at.month)[1] * 24 * SECONDS_PER_HOUR


def cost(price: Price, unit_seconds: int, at: datetime) -> Decimal:
    """Seconds × units by a price, in the month of `at`; of a price that is paid once just the units."""
    amount = price.value * unit_seconds
    if price.unit in MONTHLY:
        amount /= seconds_of_month(at)
    elif price.unit == Price.Unit.HOUR:
        amount /= SECONDS_PER_HOUR
    return amount.quantize(PLACES)


def lines_of(stays: Iterable[Stay], tariff: Tariff, paid: set[UUID]) -> list[CostLine]:
    """What a server costs in the hour of which these are its stays, in their order; nothing for what is free.

    `paid`: the listings the server has paid once for; those it pays for now are added.
    """
    lines: dict[UUID, CostLine] = {}
    for stay in stays:
        for price, seconds, unit_seconds in _parts(stay, tariff, paid):
            if price.value and unit_seconds:
                line = lines.setdefault(price.pk, CostLine(price, stay.image_id))
                line.image_id = stay.image_id
                line.seconds += seconds
                line.unit_seconds += unit_seconds
    return list(lines.values())


def _parts(stay: Stay, tariff: Tariff, paid: set[UUID]) -> Iterator[tuple[Price, int, int]]:
    """(price, seconds, seconds × units) of a stay; of a price that is paid once 0 seconds, and the units alone."""
    if stay.is_running:
        yield from _image_fee(stay, paid)
        for price, seconds in tariff.during(stay.flavor_id, stay.begin, stay.end):
            yield price, seconds, seconds
    for price, seconds in tariff.during("", stay.begin, stay.end):
        yield price, seconds, seconds * stay.disk_gb


def _image_fee(stay: Stay, paid: set[UUID]) -> Iterator[tuple[Price, int, int]]:
    """What the publisher gets of a running server, after its trial."""
    if stay.run is None or stay.run.price is None:
        return
    run, price = stay.run, stay.run.price
    begin = max(stay.begin, run.trial_until or stay.begin)
    seconds = seconds_between(begin, stay.end)
    if seconds <= 0 or price.unit == Price.Unit.FREE:
        return
    units = stay.vcpus if price.per_vcpu else 1
    if price.unit != Price.Unit.ONCE:
        yield price, seconds, seconds * units
    elif run.listing_id not in paid:
        paid.add(run.listing_id)
        yield price, 0, units
