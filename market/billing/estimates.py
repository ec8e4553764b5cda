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
from market.billing.costs import SECONDS_PER_HOUR, ProductRun, cost, seconds_between, seconds_of_month
from market.billing.runs import first_uses, runs_of
from market.models import Price
from market.money import price_text
from market.prices.lookup import prices_of

NOTHING = Decimal(0)


@dataclass(frozen=True)
class Fee:
    """An hour and the month from now on of something that runs, and what is paid once; `text` is its price.

    `trial` is what the free trial has taken off the month.
    """

    text: str = ""
    hour: Decimal = NOTHING
    month: Decimal = NOTHING
    once: Decimal = NOTHING
    trial: Decimal = NOTHING

    def __add__(self, other: "Fee") -> "Fee":
        text = self.text if other.text in ("", self.text) else other.text if not self.text else ""
        amounts = zip(self.amounts, other.amounts, strict=True)
        return Fee(text, *(mine + its for mine, its in amounts))

    def times(self, count: int) -> "Fee":
        return Fee(self.text, *(amount * count for amount in self.amounts))

    @property
    def amounts(self) -> tuple[Decimal, ...]:
        return self.hour, self.month, self.once, self.trial


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


def fee_of(price: Price | None, units: int = 1, trial_until: datetime | None = None) -> Fee:
    """By a price, of so many vCPUs or GB; without a price it is free. Nothing is charged until the end of a trial."""
    if price is None:
        return Fee(price_text(None))
    if price.unit == Price.Unit.ONCE:
        return Fee(price_text(price), once=cost(price, units, now()))
    whole = seconds_of_month(now())
    free = min(whole, max(0, seconds_between(now(), trial_until))) if trial_until else 0
    hour, month, trial = (
        cost(price, units * seconds, now()) for seconds in (SECONDS_PER_HOUR, whole - free, free)
    )
    return Fee(price_text(price), hour, month, trial=trial)


class PriceList:
    """The prices of now, read once for a page; of products with what the actor's project has left of their trials."""

    def __init__(self, products: Iterable[Product | None] = (), actor: Actor | None = None) -> None:
        rows = Price.objects.exclude(of=Price.Of.LISTING).filter(valid_from__lte=now()).order_by("valid_from")
        self.operators = {price.flavor_id or "": price for price in rows}
        self.listings = prices_of({product.listing_id for product in products if product})
        self.trials: dict[UUID, datetime] = {}  # of listings, those that have begun: until when
        if actor and any(price.trial_days for price in self.listings.values()):
            for (_project, listing), first in first_uses({actor.project.pk}, now()).items():
                if (price := self.listings.get(listing)) and price.trial_days:
                    self.trials[listing] = first + timedelta(days=price.trial_days)

    def flavor(self, flavor: Flavor) -> Fee:
        return fee_of(self.operators.get(flavor.pk))

    def disks(self, size_gb: int) -> Fee:
        return fee_of(self.operators.get(""), size_gb)

    def image(self, product: Product | None, flavor: Flavor) -> Fee:
        """A trial that has not begun does with the server."""
        price = self.listings.get(product.listing_id) if product else None
        if product is None or price is None:
            return image_fee(None, flavor)
        to_come = now() + timedelta(days=price.trial_days)
        return image_fee(price, flavor, self.trials.get(product.listing_id, to_come))

    def servers(self, product: Product | None, flavor: Flavor, disk_gb: int, count: int = 1) -> Estimate:
        """So many new servers of an image with that product, with disks of that size in all."""
        return Estimate(
            self.image(product, flavor).times(count),
            self.flavor(flavor).times(count),
            self.disks(disk_gb),
            trial_until=self.trials.get(product.listing_id) if product else None,
        )


def image_fee(price: Price | None, flavor: Flavor, trial_until: datetime | None = None) -> Fee:
    return fee_of(price, flavor.vcpus if price and price.per_vcpu else 1, trial_until)


def estimate_servers(image: Image, flavor: Flavor, disk_gb: int, actor: Actor, *, count: int = 1) -> Estimate:
    """So many new servers of an image, with disks of that size in all."""
    product = product_of(image, actor)
    return PriceList([product], actor).servers(product, flavor, disk_gb, count)


def estimate_disks(disk_gb: int) -> Estimate:
    return Estimate(disks=PriceList().disks(disk_gb))


def estimate_change(
    sizes_gb: Mapping[Server, int], image: Image | None, actor: Actor
) -> tuple[Estimate, Estimate]:
    """What servers cost before and after they get another image and system disks of these sizes.

    A server that stays with its product keeps its price. Without an image only before the choice is known.
    """
    product = product_of(image, actor) if image else None
    prices, runs, disks = PriceList([product], actor), _present_runs(sizes_gb), _disks_gb(sizes_gb)
    fees = {flavor: prices.image(product, flavor) for flavor in {server.flavor for server in sizes_gb}}
    before, after = Estimate(), Estimate()
    for server, system_gb in sizes_gb.items():
        run, (all_gb, present_gb) = runs.get(server.pk), disks.get(server.pk, (0, 0))
        flavor = prices.flavor(server.flavor)
        present = (
            image_fee(run.price, server.flavor, run.trial_until) if run else image_fee(None, server.flavor)
        )
        stays = run and product and run.listing_id == product.listing_id
        before += Estimate(present, flavor, prices.disks(all_gb))
        after += Estimate(
            present if stays else fees[server.flavor], flavor, prices.disks(all_gb - present_gb + system_gb)
        )
    return before, after if image else before


def estimate_resize(server: Server, flavor: Flavor | None, actor: Actor) -> tuple[Estimate, Estimate]:
    """What a server costs before and after it gets another flavor: its image stays, at its price."""
    prices, run = PriceList(actor=actor), _present_runs([server]).get(server.pk)
    all_gb, _system_gb = _disks_gb([server]).get(server.pk, (0, 0))

    def on(flavor: Flavor) -> Estimate:
        image = image_fee(run.price, flavor, run.trial_until) if run else image_fee(None, flavor)
        return Estimate(image, prices.flavor(flavor), prices.disks(all_gb))

    return on(server.flavor), on(flavor or server.flavor)


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
