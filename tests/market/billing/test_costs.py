"""The arithmetic of costs: seconds, units, months, trials, prices that change within an hour (R20, R21)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

import pytest
from djmoney.money import Money

from market.billing.costs import ProductRun, Stay, Tariff, lines_of
from market.models import Price

HOUR = datetime(2026, 2, 10, 8, tzinfo=UTC)
LISTING = UUID(int=1)
IMAGE, OTHER = UUID(int=2), UUID(int=3)


def minutes(count):
    return HOUR + timedelta(minutes=count)


def price(amount, unit, begin=HOUR, **fields):
    return Price(amount=Money(amount, "CNY"), unit=unit, valid_from=begin, **fields)


def stay(begin, end, **fields):
    usual = {"is_running": True, "image_id": IMAGE, "flavor_id": "s6", "vcpus": 2, "disk_gb": 40}
    return Stay(minutes(begin), minutes(end), **(usual | fields))


def amounts(*stays, tariff=(), paid=None):
    lines = lines_of(stays, Tariff.of(tariff), set() if paid is None else paid)
    return [(line.seconds, line.unit_seconds, line.amount(HOUR)) for line in lines]


def run_with(unit, amount="3.6", trial_until=None, **fields):
    return ProductRun(LISTING, price(amount, unit, **fields), trial_until)


@pytest.mark.parametrize(
    ("run", "line"),
    [
        (run_with("hour"), (1800, 1800, Decimal("1.8"))),
        (run_with("hour", per_vcpu=True), (1800, 3600, Decimal("3.6"))),
        (run_with("month", "28"), (1800, 1800, Decimal("0.02083333"))),  # of 28 days in February
        (run_with("once", "9"), (0, 1, Decimal(9))),
        (run_with("once", "9", per_vcpu=True), (0, 2, Decimal(18))),
        (run_with("hour", trial_until=minutes(20)), (600, 600, Decimal("0.6"))),
        (run_with("once", "9", trial_until=minutes(29)), (0, 1, Decimal(9))),
    ],
)
def test_the_fee_of_an_image_counts_what_runs_after_the_trial(run, line):
    half, idle = stay(0, 30, run=run), stay(30, 60, run=run, is_running=False)
    assert amounts(half, idle) == [line]


@pytest.mark.parametrize("run", [None, ProductRun(LISTING, None), run_with("free", "0")])
def test_what_is_free_has_no_line(run):
    assert amounts(stay(0, 60, run=run)) == []


def test_a_trial_that_lasts_costs_nothing():
    assert amounts(stay(0, 60, run=run_with("once", trial_until=minutes(60)))) == []


def test_once_is_once_for_a_server_whatever_it_had_in_between():
    paid = set()
    again = run_with("once", "99")
    assert len(amounts(stay(0, 10, run=run_with("once")), stay(10, 20, run=again), paid=paid)) == 1
    assert paid == {LISTING}
    assert amounts(stay(0, 60, run=again), paid=paid) == []


def test_a_flavor_costs_while_it_runs_and_disks_always():
    tariff = [price("0.2", "hour", flavor_id="s6"), price("7", "gb-month")]
    assert amounts(stay(0, 30), stay(30, 60, is_running=False, disk_gb=80), tariff=tariff) == [
        (1800, 1800, Decimal("0.1")),
        (3600, 1800 * 120, Decimal("0.625")),
    ]


def test_the_operators_prices_hold_for_everyone_from_their_moment_on():
    later = price("0.4", "hour", begin=minutes(45), flavor_id="s6")
    tariff = [later, price("0.2", "hour", begin=minutes(15), flavor_id="s6")]
    assert amounts(stay(0, 60), tariff=tariff) == [
        (1800, 1800, Decimal("0.1")),
        (900, 900, Decimal("0.1")),
    ]


def test_parts_of_an_hour_add_up_to_it_however_it_is_cut():
    cuts = [0, 7.123, 7.124, 31.99999, 59.001, 60]
    run = run_with("hour")
    assert amounts(*(stay(*cut, run=run) for cut in pairwise(cuts))) == amounts(stay(0, 60, run=run))


def test_a_line_names_the_last_image_it_was_for():
    lines = lines_of(
        [stay(0, 30), stay(30, 60, image_id=OTHER)],
        Tariff.of([price("0.2", "hour", flavor_id="s6")]),
        set(),
    )
    assert [line.image_id for line in lines] == [OTHER]
