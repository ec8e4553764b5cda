"""The ledger: what is charged, by which price, and when an hour is known (R21, H7)."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from imsconsole.cloud.models import Server, SettledUsage
from imsconsole.cloud.servers.states import change_status
from imsconsole.cloud.servers.usage import record_usage, settled_until
from imsconsole.core import now as clock
from imsconsole.core.now import now
from imsconsole.jobs.models import ClockEntry, Job
from market.billing.known import RECONCILING, SLOWEST_TRANSACTION, known_until
from market.billing.ledger import MOST_HOURS, settle_usage
from market.models import Charge
from tests import factories
from tests.market.conftest import HOUR, look_at_servers, pass_hours

pytestmark = pytest.mark.django_db


def charged(**fields) -> Decimal:
    return Charge.objects.filter(**fields).aggregate(total=Sum("amount"))["total"] or Decimal(0)


# what is charged -------------------------------------------------------------------------------------


def test_before_the_first_price_nothing_is_charged(market):
    market.run()
    pass_hours(5)
    assert settled_until() is None
    assert not Charge.objects.exists()


def test_image_flavor_and_disks_are_lines_of_their_own(market, priced, people):  # R21
    priced("hour", "0.36", listing=market.listing)
    priced("hour", "0.2", flavor=market.flavor)
    priced("gb-month", "0.7")
    server = market.run()
    clock.move(HOUR / 2)
    change_status(server, Server.Status.STOPPED)
    pass_hours(1)
    lines = Charge.objects.order_by("price__of")
    assert [line.price.of for line in lines] == ["disk", "flavor", "listing"]
    disk, flavor, image = lines
    assert (flavor.seconds, image.seconds) == (1800, 1800)
    assert (flavor.amount.amount, image.amount.amount) == (Decimal("0.1"), Decimal("0.18"))
    assert (disk.seconds, disk.unit_seconds) == (3299, 40 * 3299)  # from 5:01 to the end of the hour
    assert {line.project for line in lines} == {people.bob.project}


def test_the_dearest_price_on_the_largest_flavor_does_not_stop_the_ledger(market, priced):
    priced("hour", "99999999.9999", listing=market.listing, per_vcpu=True)
    market.flavor.vcpus = 1024
    market.flavor.save()
    market.run()
    pass_hours(1)
    assert charged() > 10**10


def test_an_image_made_of_a_market_image_costs_the_same(market, priced, people):  # H7
    priced("once", "5", listing=market.listing)
    mine = factories.ImageFactory(project=people.bob.project, parent=market.image)
    copy = factories.ImageFactory(project=people.bob.project, parent=mine)
    for image in (market.image, mine, copy, factories.ImageFactory(project=people.bob.project)):
        market.run(image)
    pass_hours(2)
    assert charged() == 15
    assert set(Charge.objects.values_list("image", flat=True)) == {market.image.pk, mine.pk, copy.pk}


def test_once_is_once_for_a_server_also_when_it_comes_back(market, priced, people):
    priced("once", "5", listing=market.listing)
    server = market.run()
    pass_hours(2)
    for image in (factories.ImageFactory(project=people.bob.project), market.image):
        server.image = image
        server.save()
        record_usage(server, now())
        pass_hours(1)
    assert Charge.objects.count() == 1


def test_a_server_keeps_the_price_it_began_with_until_it_leaves(market, priced, people):
    old = priced("hour", "1", listing=market.listing)
    server = market.run()
    clock.move(timedelta(minutes=1))
    new = priced("hour", "9", listing=market.listing)
    other = market.run()
    pass_hours(3)
    change_status(server, Server.Status.STOPPED)
    change_status(server, Server.Status.RUNNING)
    pass_hours(1)
    assert set(Charge.objects.filter(server=server).values_list("price", flat=True)) == {old.pk}
    assert set(Charge.objects.filter(server=other).values_list("price", flat=True)) == {new.pk}
    server.image = factories.ImageFactory(project=people.bob.project)
    record_usage(server, now())
    server.image = market.image
    record_usage(server, now())
    pass_hours(2)
    assert Charge.objects.filter(server=server, price=new).exists()


@pytest.mark.slow(reason="usage is settled for each hour of a trial")
def test_the_trial_of_a_project_begins_with_its_first_server(market, priced, people):
    priced("hour", "1", listing=market.listing, trial_days=1)
    first = market.run()
    pass_hours(20)
    second = market.run()
    theirs = market.run(actor=people.carol)
    pass_hours(8)
    assert not Charge.objects.filter(server=theirs).exists()
    lines = Charge.objects.order_by("hour")
    assert {line.server for line in lines} == {first, second}
    assert lines[0].hour == (first.usage.get().started_at + 24 * HOUR).replace(
        minute=0, second=0, microsecond=0
    )


# when ------------------------------------------------------------------------------------------------


def test_an_hour_is_known_when_all_servers_were_looked_at_since(market):
    assert known_until() is None
    look_at_servers()
    before = now()
    assert before - HOUR < known_until() <= before - SLOWEST_TRANSACTION
    for wrong in ({"error": "a region does not answer"}, {"finished_at": before - HOUR}):
        ClockEntry.objects.filter(name=RECONCILING).update(error="", finished_at=now())
        ClockEntry.objects.filter(name=RECONCILING).update(**wrong)
        assert known_until() is None


@pytest.mark.parametrize(
    ("state", "ended_after", "waits"),
    [("running", None, True), ("done", timedelta(seconds=1), True), ("done", timedelta(seconds=-1), False)],
)
def test_a_server_that_a_job_held_is_known_up_to_that_job(market, state, ended_after, waits):
    began = now()
    clock.move(2 * HOUR)
    look_at_servers()
    finished = now() + ended_after if ended_after else None
    Job.objects.create(
        kind="server.backup",
        subject_kind="server",
        subject_id=uuid4(),
        state=state,
        created_at=began,
        finished_at=finished,
    )
    assert (known_until() <= began) == waits


def test_what_is_charged_stays_and_a_death_found_later_counts_from_then_on(market, priced):
    priced("hour", "1", listing=market.listing)
    server = market.run()
    pass_hours(3)
    until = settled_until()
    change_status(server, Server.Status.STOPPED, at=now() - 2 * HOUR)
    assert server.usage.filter(state="running").get().ended_at == until
    before = charged()
    pass_hours(5)
    assert charged() == before


@pytest.mark.slow(reason="usage of a long pause is settled in parts")
def test_a_long_pause_is_caught_up_in_parts(market, priced):
    priced("hour", "1", listing=market.listing)
    begin = settled_until()
    market.run()
    pass_hours(MOST_HOURS + 10)
    assert settled_until() == begin + MOST_HOURS * HOUR
    settle_usage()
    assert settled_until() == begin + (MOST_HOURS + 10) * HOUR
    assert SettledUsage.objects.count() == 1
    assert not Job.objects.exists()


def test_an_hour_costs_as_many_queries_for_many_servers_as_for_one(market, priced):
    priced("hour", "1", listing=market.listing, trial_days=1)
    priced("gb-month", "0.7")
    look_at_servers()
    counts = []
    for servers in (1, 20):
        for _server in range(servers):
            market.run()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            pass_hours(1)
        counts.append(len(queries))
    assert counts[0] == counts[1]
