"""Prices: who sets which, from when on, and what is said of them (R20)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import translation
from djmoney.money import Money

from imsconsole.accounts.actor import Operator
from imsconsole.audit.models import Event
from imsconsole.cloud.servers.usage import hour_of, lock_settled
from imsconsole.core import now as clock
from imsconsole.core.errors import Conflict
from imsconsole.core.now import now
from imsconsole.core.rules import Refused
from market.models import Price
from market.money import money, price_text
from market.prices.forms import PriceForm
from market.prices.lookup import price_of_listing, prices_of, terms_of, with_price
from market.prices.rules import can_price_listing, can_set_price, is_price
from market.prices.services import set_price
from tests import factories

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def listing(people):
    return factories.ListingVersionFactory(listing__project=people.bob.project).listing


def price(listing=None, unit="hour", amount="0.36", **fields):
    of = Price.Of.LISTING if listing else Price.Of.DISK
    return Price(of=of, listing=listing, unit=unit, amount=Money(amount, "CNY"), valid_from=now(), **fields)


# rule ------------------------------------------------------------------------------------------------


def test_a_publisher_prices_own_listings_and_the_operator_everything_else(people, listing, operator):
    """R20."""
    assert can_price_listing(listing, people.alice)
    assert can_price_listing(listing, people.bob)
    assert can_price_listing(listing, people.dave).code == "read-only"
    assert can_price_listing(listing, people.carol).code == "not-seller"
    assert can_price_listing(listing, Operator(operator)).code == "not-seller"
    disks = price(unit="gb-month")
    disks.valid_from = now() + DAY
    assert can_set_price(disks, people.alice).code == "operators-only"
    assert can_set_price(disks, Operator(operator))


def test_a_withdrawn_listing_has_no_new_price(people, listing):
    listing.withdrawn_at = now()
    assert can_price_listing(listing, people.bob).code == "listing-withdrawn"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"unit": "free", "amount": "1"}, "free-costs-nothing"),
        ({"unit": "free", "amount": "0", "per_vcpu": True}, "free-costs-nothing"),
        ({"amount": "0"}, "price-of-nothing"),
        ({"amount": "0", "per_vcpu": True}, "price-of-nothing"),
    ],
)
def test_free_is_nothing_and_everything_else_something(people, listing, fields, code):
    wanted = price(listing, **fields)
    wanted.valid_from = now() + DAY
    assert can_set_price(wanted, people.bob).code == code


# service ---------------------------------------------------------------------------------------------


def test_a_price_holds_from_its_moment_and_the_former_stays(people, listing):
    first = set_price(price(listing), actor=people.bob)
    later = set_price(price(listing, amount="1"), valid_from=now() + DAY, actor=people.bob)
    assert (price_of_listing(listing), first.created_by) == (first, people.bob.user)
    with pytest.raises(Conflict):
        set_price(price(listing, amount="2"), seen=terms_of(price(listing, amount="9")), actor=people.alice)
    assert prices_of([listing.pk]) == {listing.pk: first}
    clock.move(2 * DAY)
    assert price_of_listing(listing) == later
    found = with_price(type(listing).objects.all()).get()
    assert (found.price_unit, found.price_amount) == ("hour", Decimal(1))
    assert Event.objects.filter(action="setPrice", user=people.bob.user).count() == 2


def test_the_trail_says_the_price_to_each_reader_and_of_what_it_is(people, listing):
    with translation.override("zh-hans"):
        set_price(price(listing, amount="0.36"), actor=people.bob)
    event = Event.objects.get(action="setPrice")
    assert (event.resource_name, event.sentence) == (listing.latest.title, "CNY 0.36 per hour")
    with translation.override("zh-hans"):
        assert event.sentence == "CNY 0.36（每小时）"


def test_no_price_is_set_for_the_past_nor_two_for_one_moment(people, listing):
    with pytest.raises(Refused, match="price-in-the-past"):
        set_price(price(listing), valid_from=now() - DAY, actor=people.bob)
    tomorrow = now() + DAY
    set_price(price(listing), valid_from=tomorrow, actor=people.bob)
    with pytest.raises(Refused, match="price-there"):
        set_price(price(listing), valid_from=tomorrow, actor=people.bob)


def test_the_first_price_begins_the_ledger_and_none_begins_in_what_is_charged(people, listing):
    set_price(price(listing), actor=people.bob)
    settled = lock_settled()
    assert settled.until == hour_of(now())
    settled.until += DAY  # the clock went back by a day since
    settled.save()
    assert set_price(price(listing, amount="1"), actor=people.bob).valid_from == settled.until


# what is typed ---------------------------------------------------------------------------------------


def test_a_form_gives_a_price_and_none_when_nothing_was_changed(people, listing):
    typed = {"unit": "hour", "amount": "0.36", "per_vcpu": "on", "trial_days": "7"}
    form = PriceForm(typed, listing=None)
    assert form.is_valid()
    set_price(form.price(listing), actor=people.bob)
    form = PriceForm(typed, listing=listing)
    assert form.is_valid()
    assert form.price(listing) is None
    form = PriceForm(typed | {"amount": "0.4"}, listing=listing, later=True)
    assert form.is_valid()
    assert form.price(listing).amount == Money("0.4", "CNY")


def test_a_form_wants_an_amount_unless_it_is_free(listing):
    assert PriceForm({"unit": "month", "amount": ""}, listing=listing).errors.keys() == {"amount"}
    form = PriceForm({"unit": "free", "amount": "0", "trial_days": ""}, listing=None)
    assert form.is_valid()
    free = form.price(listing)
    assert (free.unit, free.amount.amount, free.trial_days) == ("free", 0, 0)


@pytest.mark.parametrize("more", [{"amount": "1.50"}, {"per_vcpu": "on"}, {"trial_days": "7"}])
def test_what_is_free_is_not_silently_so_when_something_else_was_typed(listing, more):
    form = PriceForm({"unit": "free"} | more, listing=listing)
    assert form.errors == {"amount": [is_price(price(listing, unit="free", amount="1")).reason]}


# words -----------------------------------------------------------------------------------------------


def test_prices_and_amounts_are_said_as_people_say_them(listing):
    assert price_text(None) == "Free"
    assert price_text(price(listing, amount="3")) == "CN¥3.00 per hour"
    said = price_text(price(listing, amount="0.0365", per_vcpu=True, trial_days=7))
    assert said == "CN¥0.0365 per hour and vCPU, the first 7 days free"
    assert [money(Decimal(amount)) for amount in ("0", "0.004", "0.015", "1234.5")] == [
        "CN¥0.00", "less than CN¥0.01", "CN¥0.02", "CN¥1,234.50",
    ]  # fmt: skip
    assert money(None) == "–"


# the operator's lists --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({"of": "flavor", "amount": "0.2"}, "flavor"),
        ({"of": "listing", "amount": "0.2"}, "of"),
        ({"of": "disk", "amount": "-1"}, "amount"),
        (
            {"of": "disk", "amount": "1", "valid_from": "2020-01-01T00:00"},
            "valid_from",
        ),
    ],
)
def test_the_operators_form_names_what_is_wrong(operator, client, typed, wrong):
    client.force_login(operator)
    answer = client.post(reverse("admin:market_price_add"), {"amount_1": "CNY", **typed})
    assert wrong in answer.context["adminform"].form.errors
    assert not Price.objects.exists()


def test_the_operator_prices_a_flavor_from_a_later_day_on(operator, client):
    flavor = factories.FlavorFactory()
    client.force_login(operator)
    typed = {"of": "flavor", "flavor": flavor.pk, "amount": "0.25"}
    later = {"valid_from": "2999-01-01T00:00"}
    assert client.post(reverse("admin:market_price_add"), typed | later).status_code == 302
    found = Price.objects.get()
    assert (found.of, found.unit, found.flavor, found.value) == ("flavor", "hour", flavor, Decimal("0.25"))
    assert found.valid_from > now() + 365 * DAY
