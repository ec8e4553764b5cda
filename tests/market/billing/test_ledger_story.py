"""Two projects live as they like, workers are killed, the clock jumps; the ledger is what follows from usage (hypothesis)."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from imsconsole.accounts.actor import Operator, service_actor
from imsconsole.cloud.models import Server, SettledUsage, Usage
from imsconsole.cloud.servers.states import change_status
from imsconsole.cloud.servers.usage import record_usage
from imsconsole.core import now as clock
from imsconsole.core.now import now
from imsconsole.core.rules import Refused
from imsconsole.jobs.models import ClockEntry
from market.billing import ledger
from market.billing.known import RECONCILING
from market.models import Charge, Price
from market.prices.services import set_price
from tests import factories
from tests.support.sweep import is_whole

HOUR = 3600
WHICH = st.integers(0, 1)
AMOUNT = st.decimals("0.0001", "99", places=4)
UNITS = st.sampled_from(["free", "hour", "month", "once"])
Status = Server.Status


class Killed(BaseException):
    """The process is gone."""


class Life(RuleBasedStateMachine):
    """Projects 0 and 1 with a server each at first; listings 0 and 1, and an image made of a server of each."""

    def __init__(self) -> None:
        super().__init__()
        self.world = transaction.atomic()
        self.world.__enter__()
        region = factories.RegionFactory()
        self.operator = Operator(factories.UserFactory(is_staff=True))
        self.projects = [factories.ProjectFactory(region=region) for _ in range(2)]
        self.sellers = [service_actor(factories.ProjectFactory(region=region)) for _ in range(2)]
        self.listings = [factories.ListingFactory(project=seller.project) for seller in self.sellers]
        self.flavors = [factories.FlavorFactory(name=f"s6-{n}", vcpus=2**n) for n in range(2)]
        self.images = [factories.ImageFactory(region=region, project=self.projects[0])]
        self.product_of = {self.images[0].pk: None}
        for listing in self.listings:
            version = factories.ListingVersionFactory(listing=listing)
            edition = factories.EditionFactory(version_of=version).image
            made_of_it = factories.ImageFactory(region=region, project=self.projects[0], parent=edition)
            self.images += [edition, made_of_it]
            self.product_of |= {edition.pk: listing.pk, made_of_it.pk: listing.pk}
        self.servers: list[Server] = []
        self.set_price_of_disks(Decimal("0.7"), 0)
        for n in range(2):
            self.set_listing_price(n, "hour", Decimal("0.36"), True, 0, 0)
            self.set_price_of_flavor(n, Decimal("0.1"), 0)
            self.launch(n, n, 2 * n + 1)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.world.__exit__(None, None, None)
        clock.reset()

    def _server(self, which: int) -> Server:
        return self.servers[which % len(self.servers)]

    # what they do

    @rule(project=WHICH, flavor=WHICH, image=st.integers(0, 4))
    def launch(self, project: int, flavor: int, image: int) -> None:
        server = factories.ServerFactory(
            project=self.projects[project],
            flavor=self.flavors[flavor],
            image=self.images[image],
            status="creating",
        )
        factories.DiskFactory(server=server, size_gb=40)
        self.servers.append(change_status(server, Status.RUNNING))

    @rule(
        which=st.integers(0, 5),
        status=st.sampled_from(["running", "stopped", "stopping", "failed", "deleted"]),
    )
    def turn(self, which: int, status: str) -> None:
        if self._server(which).status != Status.DELETED:
            change_status(self._server(which), Status(status))

    @rule(which=st.integers(0, 5), ago_s=st.integers(0, 3 * HOUR))
    def found_dead(self, which: int, ago_s: int) -> None:
        """It died a while ago, which is only seen now."""
        if self._server(which).status == Status.RUNNING:
            change_status(self._server(which), Status.STOPPED, at=now() - timedelta(seconds=ago_s))

    @rule(which=st.integers(0, 5), image=st.integers(0, 4))
    def change_os(self, which: int, image: int) -> None:
        server = self._server(which)
        server.image = self.images[image]
        server.save()
        record_usage(server, now())

    @rule(which=st.integers(0, 5), gb=st.integers(1, 100))
    def grow(self, which: int, gb: int) -> None:
        factories.DiskFactory(server=self._server(which), size_gb=gb, index=self._server(which).disks.count())
        record_usage(self._server(which), now())

    @rule(
        which=WHICH,
        unit=UNITS,
        amount=AMOUNT,
        per_vcpu=st.booleans(),
        trial=st.integers(0, 2),
        later_s=st.integers(0, 9999),
    )
    def set_listing_price(
        self, which: int, unit: str, amount: Decimal, per_vcpu: bool, trial: int, later_s: int
    ) -> None:
        terms = {"unit": unit, "amount": amount, "per_vcpu": per_vcpu, "trial_days": trial}
        if unit == "free":
            terms = {"unit": unit, "amount": 0}
        self._set(later_s, self.sellers[which], of="listing", listing=self.listings[which], **terms)

    @rule(which=WHICH, amount=AMOUNT, later_s=st.integers(0, 9999))
    def set_price_of_flavor(self, which: int, amount: Decimal, later_s: int) -> None:
        self._set(later_s, self.operator, of="flavor", flavor=self.flavors[which], unit="hour", amount=amount)

    @rule(amount=AMOUNT, later_s=st.integers(0, 9999))
    def set_price_of_disks(self, amount: Decimal, later_s: int) -> None:
        self._set(later_s, self.operator, of="disk", unit="gb-month", amount=amount)

    def _set(self, later_s: int, actor, **terms) -> None:
        later = now() + timedelta(seconds=later_s) if later_s else None
        try:
            set_price(Price(**terms), valid_from=later, actor=actor)
        except Refused as refused:
            if (
                refused.code != "price-there"
            ):  # the clock is behind the ledger, so two would begin at its position
                raise

    # time, the clock and its end

    @rule(by_s=st.integers(1, HOUR))
    def time_passes(self, by_s: int) -> None:
        clock.move(timedelta(seconds=by_s))

    @rule(by_s=st.integers(HOUR, 4 * HOUR))
    def hours_pass(self, by_s: int) -> None:
        clock.move(timedelta(seconds=by_s))
        self.settle()

    @rule(by_s=st.integers(-30 * HOUR, 60 * HOUR))
    def the_clock_jumps(self, by_s: int) -> None:
        clock.move(timedelta(seconds=by_s))

    def settle(self) -> None:
        self.the_ledger_follows_from_usage()
        self._settle()
        self.the_ledger_follows_from_usage()

    def _settle(self) -> None:
        entry = {"due_at": now(), "started_at": now(), "finished_at": now()}
        ClockEntry.objects.update_or_create(name=RECONCILING, defaults=entry)
        ledger.settle_usage()

    @rule(lines=st.integers(0, 4))
    def settle_and_be_killed(self, lines: int) -> None:
        """Between two lines, or between the last one and the position, or not at all."""
        writes = 0

        def writing(execute, sql, params, many, context):
            nonlocal writes
            if ("market_charge" in sql and sql.startswith("INSERT")) or sql.startswith("UPDATE"):
                writes += 1
                if writes > lines:
                    raise Killed
            return execute(sql, params, many, context)

        try:
            with connection.execute_wrapper(writing):
                self._settle()
        except Killed:
            return

    # what must be true

    def the_ledger_follows_from_usage(self) -> None:
        wanted = {key: each for key, each in recomputed(self.product_of).items() if each}
        rows = Charge.objects.values_list("server", "price").annotate(total=Sum("amount"))
        found = {(server, price): total for server, price, total in rows}
        assert wanted.keys() == found.keys()
        for key, exact in wanted.items():
            lines = Charge.objects.filter(server=key[0], price=key[1]).count()
            assert abs(Fraction(found[key]) - exact) <= lines * Fraction(1, 2 * 10**8)


# the same once more, over whole lives and with fractions, from usage alone ---------------------------


def recomputed(product_of) -> dict[tuple[object, object], Fraction]:
    """What each server costs by each price up to the position of the ledger."""
    until = second(SettledUsage.objects.get().until)
    total: defaultdict[tuple[object, object], Fraction] = defaultdict(Fraction)
    lives = defaultdict(list)
    first_use: dict[tuple[object, object], datetime] = {}
    for usage in Usage.objects.order_by("started_at", "pk").select_related("flavor"):
        lives[usage.server_id].append(usage)
        first_use.setdefault((usage.project_id, product_of[usage.image_id]), usage.started_at)
    for server, life in lives.items():
        product, kept, paid = None, None, set()
        for usage in life:
            if (listing := product_of[usage.image_id]) != product:
                prices = Price.objects.filter(of="listing", listing=listing)
                product, kept = listing, latest(prices, usage.started_at)
            begin, end = second(usage.started_at), min(second(usage.ended_at or until), until)
            for price, since, till, units in spans(usage, begin, end):
                total[server, price.pk] += fee(price, since, till, units)
            if not kept or usage.state != "running":
                continue
            units = usage.flavor.vcpus if kept.per_vcpu else 1
            trial = timedelta(days=kept.trial_days)
            begin = max(begin, second(first_use[usage.project_id, product] + trial) if trial else begin)
            if begin < end and kept.unit == "once" and product not in paid:
                paid.add(product)
                total[server, kept.pk] += Fraction(kept.value) * units
            elif begin < end and kept.unit != "once":
                total[server, kept.pk] += fee(kept, begin, end, units)
    return total


def spans(usage, begin, end):
    """The operator's prices in an interval: (price, since, till, units)."""
    kinds = [(Price.objects.filter(of="disk"), usage.disk_gb)]
    if usage.state == "running":
        kinds.append((Price.objects.filter(flavor=usage.flavor_id), 1))
    for prices, units in kinds:
        changes = sorted(
            {second(price.valid_from) for price in prices if begin < second(price.valid_from) < end}
        )
        for since, till in pairwise([begin, *changes, end]):
            held = [price for price in prices if second(price.valid_from) <= since]
            if held and since < till:
                yield max(held, key=lambda price: price.valid_from), since, till, units


def latest(prices, at):
    return prices.filter(valid_from__lte=at).order_by("valid_from").last()


def fee(price, begin, end, units) -> Fraction:
    """By the hour, or by the seconds of each calendar month it lies in."""
    whole = Fraction()
    while begin < end:
        month = begin.replace(day=1, hour=0, minute=0, second=0)
        following = (month + timedelta(days=32)).replace(day=1)
        till = min(end, following)
        unit_s = HOUR if price.unit == "hour" else int((following - month).total_seconds())
        whole += Fraction(price.value) * units * int((till - begin).total_seconds()) / unit_s
        begin = till
    return whole


def second(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)


@pytest.mark.slow(reason="plays many stories")
@pytest.mark.django_db
def test_whatever_happens_the_ledger_is_what_usage_says(monkeypatch) -> None:
    monkeypatch.setattr(ledger, "LINES_AT_ONCE", 1)  # so that a kill can come between two lines
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=48 if is_whole() else 12,
            stateful_step_count=30,
            phases=[Phase.generate],  # a failure is short anyway, and shrinking it takes minutes
            suppress_health_check=list(HealthCheck),
        ),
    )
