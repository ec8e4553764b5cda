"""What was charged, as pages and files: of one's own project only; sellers see sums, never buyers (R20, R21)."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from imsconsole.core import now as clock
from imsconsole.core.now import now
from market.billing.plot import HEIGHT, plot_of
from market.billing.questions import Month, by_day, charges_of
from market.models import Charge
from tests import factories
from tests.conftest import client_of
from tests.market.conftest import HOUR, pass_hours

pytestmark = pytest.mark.django_db
BILLING, INCOME = "market:billing", "market:income"
FILES = ("market:export-billing", "market:export-lines", "market:export-income")


@pytest.fixture
def _mid_month():
    """The hours that pass are of one month, whatever day it is."""
    next_month = now().replace(day=1) + timedelta(days=31)
    clock.move(next_month.replace(day=15) - now())


@pytest.fixture
def used(_mid_month, market, priced, people):
    """Bob's server ran the market image for two hours and a bit, and one with a plain image as well."""
    priced("hour", "0.36", listing=market.listing, per_vcpu=True)
    priced("hour", "0.2", flavor=market.flavor)
    priced("gb-month", "0.7")
    market.server = market.run(name="shop")
    market.run(factories.ImageFactory(project=people.bob.project, name="plain"), name="office")
    pass_hours(3)
    return market


def page(actor, name=BILLING, **query):
    return client_of(actor).get(reverse(name), query)


def rows_of(answer):
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def rows(table):
    return [row.record for row in table.rows]


@pytest.mark.parametrize("who", ["alice", "bob", "dave"])
def test_members_see_what_their_project_was_charged(used, people, who):
    answer = page(getattr(people, who))
    total = sum(Charge.objects.values_list("amount", flat=True))
    assert answer.context["totals"]["total"] == total > 0
    assert [row["name"] for row in rows(answer.context["table"])] == ["shop", "office"]
    assert used.server.get_absolute_url() in answer.content.decode()


def test_others_see_nothing_of_it_in_pages_files_or_months(used, people):
    for tab in ("server", "image", "month"):
        answer = page(people.carol, tab=tab)
        assert rows(answer.context["table"]) == []
        assert answer.context["totals"]["total"] == 0
        assert "shop" not in answer.content.decode()
    assert rows_of(page(people.carol, "market:export-lines")) == []
    assert rows_of(page(people.carol, "market:export-billing")) == []
    assert len(page(people.carol).context["months"]) == 1


def test_strangers_are_asked_to_sign_in(client, used):
    for name in (BILLING, INCOME, *FILES):
        assert client.get(reverse(name)).status_code == 302


def test_charges_are_summed_by_server_image_and_month(used, people):
    by_server, by_image, by_month = (
        rows(page(people.bob, tab=tab).context["table"]) for tab in ("server", "image", "month")
    )
    assert by_server[0]["image_fee"] > 0 == by_server[1]["image_fee"]
    assert {row["name"] for row in by_image} == {used.image.name, "plain"}
    assert [Month(row["month"]) for row in by_month] == [Month.of(now())]
    assert len({sum(row["total"] for row in each) for each in (by_server, by_image, by_month)}) == 1


def test_a_month_without_charges_and_one_that_cannot_be_read(used, people):
    assert rows(page(people.bob, month="2020-02").context["table"]) == []
    assert page(people.bob, month="soon").context["month"] == Month.of(now())
    assert page(people.bob, month="9999-12").status_code == 200


def test_a_server_that_is_gone_keeps_its_name_without_a_link(used, people):
    used.server.deleted_at = now()
    used.server.save()
    text = page(people.bob).content.decode()
    assert "shop" in text
    assert used.server.get_absolute_url() not in text


def test_the_days_of_a_month_are_bars_that_add_up(used, people):
    month = Month.of(now())
    plot = plot_of(month, by_day(charges_of(people.bob, month)))
    assert len(plot.bars) == (month.end - timedelta(days=1)).day
    highest = max(plot.bars, key=lambda bar: bar.total)
    assert sum(part.height for part in highest.parts) == pytest.approx(HEIGHT, abs=0.05)
    assert min(part.y for part in highest.parts) == pytest.approx(0, abs=0.05)
    assert highest.total == plot.most
    assert 'class="bars"' in page(people.bob).content.decode()
    assert 'class="bars"' not in page(people.carol).content.decode()


def test_the_file_of_lines_is_the_ledger(used, people):
    lines = rows_of(page(people.bob, "market:export-lines", month=Month.of(now())))
    assert sum(Decimal(line["Amount"]) for line in lines) == sum(
        Charge.objects.values_list("amount", flat=True)
    )
    assert {line["Charged for"] for line in lines} == {"Market image", "Flavor", "Disks"}
    assert {line["Product code"] for line in lines} == {str(used.listing.pk), ""}


def test_the_file_of_sums_is_what_the_page_shows(used, people):
    shown = rows(page(people.bob).context["table"])
    written = rows_of(page(people.bob, "market:export-billing"))
    assert [line["Server"] for line in written] == ["shop", "office"]
    assert [Decimal(line["Total"]) for line in written] == [row["total"] for row in shown]


@pytest.fixture
def in_one_month() -> None:
    """Hours that pass lead into no other month, which a page would offer as well."""
    if (now() + 12 * HOUR).month != now().month:
        clock.move(12 * HOUR)


@pytest.mark.slow(reason="the queries of a page are counted with few rows and with many")
def test_a_page_costs_as_many_queries_for_many_servers_as_for_few(in_one_month, used, people):
    counts = []
    for tab in ("server", "image"):
        for servers in (26, 20):  # more than a page
            for _each in range(servers):
                used.run(factories.ImageFactory(project=people.bob.project))
            pass_hours(2)
            client = client_of(people.bob)
            with CaptureQueriesContext(connection) as queries:
                client.get(reverse(BILLING), {"tab": tab})
            counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[2] == counts[3]


# income ----------------------------------------------------------------------------------------------


def test_a_seller_sees_sums_and_how_many_servers_never_whose(used, people):
    answer = page(people.carol, INCOME)
    (row,) = rows(answer.context["table"])
    assert (row["title"], row["servers"]) == (used.version.title, 1)
    fees = Charge.objects.filter(price__listing=used.listing).values_list("amount", flat=True)
    assert row["total"] == sum(fees) == answer.context["total"] == answer.context["this_month"]
    text = answer.content.decode() + str(rows_of(page(people.carol, "market:export-income")))
    assert not any(word in text for word in ("shop", "acme", str(people.bob.project.pk)))


def test_income_is_the_sellers_alone(used, people):
    for actor in (people.alice, people.bob, people.dave):
        assert rows(page(actor, INCOME).context["table"]) == []
        assert rows_of(page(actor, "market:export-income")) == []
    assert page(people.carol).context["sells"]
    assert not page(people.bob).context["sells"]
