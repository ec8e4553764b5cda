"""What something will cost, before it is done: image, flavor and disks by the prices of now (R21)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Q, Sum

from images.models import Image
from images.product.products import Product, product_of
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import Disk, Flavor, Server, Usage
from imsconsole.core.now import now
from market.billing.costs import SECONDS_PER_HOUR, ProductRun, cost, seconds_of_month
from market.billing.runs import first_uses, runs_of
from market.models import Price
from market.money import price_text
from market.prices.lookup import prices_of

NOTHING = Decimal(0)


@dataclass(frozen=True)
class Fee:
    """An hour and a whole month of something that runs, and what is paid once; `text` is its price."""

    text: str = ""
    hour: Decimal = NOTHING
    month: Decimal = NOTHING
    once: Decimal = NOTHING

    def __add__(self, other: "Fee") -> "Fee":
        text = self.text if other.text in ("", self.text) else other.text if not self.text else ""
        return Fee(text, self.hour + other.hour, self.month + other.month, self.once + other.once)

    def times(self, count: int) -> "Fee":
        return Fee(self.text, self.hour * count, self.month * count, self.once * count)


@dataclass(frozen=True)
class Estimate:
    """What servers cost while they run; stopped, only their disks do. `trial_until`: no fee of the image until then."""

    image: Fee = field(default_factory=Fee)
    flavor: Fee = field(default_factory=Fee)
    disks: Fee = field(default_factory=Fee)
    trial_until: datetime | None = None

    def __add__(self, other: "Estimate") -> "Estimate":
        return Estimate(self.image + other.image, self.flavor + other.flavor, self.disks + other.disks)

    @property
    def total(self) -> Fee:
        return self.image + self.flavor + self.disks

    @property
    def is_on_trial(self) -> bool:
        return self.trial_until is not None and self.trial_until > now()

    @property
    def is_free(self) -> bool:
        return not any((self.total.hour, self.total.month, self.total.once))


def fee_of(price: Price | None, units: int = 1) -> Fee:
    """By a price, of so many vCPUs or GB; without a price it is free."""
    if price is None:
        return Fee(price_text(None))
    if price.unit == Price.Unit.ONCE:
        return Fee(price_text(price), once=cost(price, units, now()))
    hour, month = (
        cost(price, units * seconds, now()) for seconds in (SECONDS_PER_HOUR, seconds_of_month(now()))
    )
    return Fee(price_text(price), hour, month)


class PriceList:
    """The prices of now, read once for a page."""

    def __init__(self) -> None:
        rows = Price.objects.exclude(of=Price.Of.LISTING).filter(valid_from__lte=now()).order_by("valid_from")
        self.operators = {price.flavor_id or "": price for price in rows}

    def flavor(self, flavor: Flavor) -> Fee:
        return fee_of(self.operators.get(flavor.pk))

    def disks(self, size_gb: int) -> Fee:
        return fee_of(self.operators.get(""), size_gb)

    def image(self, product: Product | None, flavor: Flavor) -> Fee:
        price = prices_of([product.listing_id]).get(product.listing_id) if product else None
        return image_fee(price, flavor)


def image_fee(price: Price | None, flavor: Flavor) -> Fee:
    return fee_of(price, flavor.vcpus if price and price.per_vcpu else 1)


def estimate_servers(image: Image, flavor: Flavor, disk_gb: int, actor: Actor, *, count: int = 1) -> Estimate:
    """So many new servers of an image, with disks of that size in all."""
    prices, product = PriceList(), product_of(image, actor)
    return Estimate(
        prices.image(product, flavor).times(count),
        prices.flavor(flavor).times(count),
        prices.disks(disk_gb),
        trial_until=trial_of(product, actor) if product else None,
    )


def estimate_disks(disk_gb: int) -> Estimate:
    return Estimate(disks=PriceList().disks(disk_gb))


def trial_of(product: Product, actor: Actor) -> datetime | None:
    """Until when the project has it on trial, once it has used it; the price says what is to come."""
    price = prices_of([product.listing_id]).get(product.listing_id)
    if price is None or not price.trial_days:
        return None
    first = first_uses({actor.project.pk}, now()).get((actor.project.pk, product.listing_id))
    return first + timedelta(days=price.trial_days) if first else None


def estimate_change(
    sizes_gb: Mapping[Server, int], image: Image | None, actor: Actor
) -> tuple[Estimate, Estimate]:
    """What servers cost before and after they get another image and system disks of these sizes.

    A server that stays with its product keeps its price. Without an image only before the choice is known.
    """
    prices, runs, disks = PriceList(), _present_runs(sizes_gb), _disks_gb(sizes_gb)
    product = product_of(image, actor) if image else None
    fees = {flavor: prices.image(product, flavor) for flavor in {server.flavor for server in sizes_gb}}
    before, after = Estimate(), Estimate()
    for server, system_gb in sizes_gb.items():
        run, (all_gb, present_gb) = runs.get(server.pk), disks.get(server.pk, (0, 0))
        flavor = prices.flavor(server.flavor)
        present = image_fee(run.price if run else None, server.flavor)
        stays = run and product and run.listing_id == product.listing_id
        before += Estimate(present, flavor, prices.disks(all_gb))
        after += Estimate(
            present if stays else fees[server.flavor], flavor, prices.disks(all_gb - present_gb + system_gb)
        )
    return before, after if image else before


def _present_runs(servers: Iterable[Server]) -> dict[UUID, ProductRun]:
    usages = Usage.objects.filter(server__in=list(servers), ended_at=None)
    runs = runs_of(usages, now(), now())
    return {usage.server_id: runs[usage.pk] for usage in usages if usage.pk in runs}


def _disks_gb(servers: Iterable[Server]) -> dict[UUID, tuple[int, int]]:
    """What all disks of each server and its system disk alone have."""
    disks = Disk.objects.attached().filter(server__in=list(servers)).order_by().values("server")
    system = Sum("size_gb", filter=Q(role=Disk.Role.SYSTEM), default=0)
    rows = disks.annotate(total=Sum("size_gb"), of_system=system).values_list("server", "total", "of_system")
    return {server: (total, of_system) for server, total, of_system in rows}
