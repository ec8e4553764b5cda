"""What something costs, before the last click of every wizard: by the prices of now, in numbers (R20, R21, H7)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.template import Context, Template
from django.urls import reverse

from imsconsole.cloud.servers.states import change_status
from imsconsole.core import now as clock
from imsconsole.core.now import now
from market.billing.costs import seconds_of_month
from market.billing.estimates import estimate_change, estimate_resize, estimate_servers
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def plain(people):
    return factories.ImageFactory(project=people.bob.project, name="plain")


def hours_of_month():
    return seconds_of_month(now()) // 3600


def test_a_server_costs_image_flavor_and_disks(market, priced, people):
    priced("hour", "0.36", listing=market.listing, per_vcpu=True)
    priced("hour", "0.2", flavor=market.flavor)
    priced("gb-month", "0.7")
    estimate = estimate_servers(market.image, market.flavor, 40, people.bob, count=3)
    assert estimate.image.hour == Decimal("0.72") * 3
    assert estimate.flavor.hour == Decimal("0.2") * 3
    assert estimate.disks.month == Decimal(28)
    assert estimate.total.month == (Decimal("0.92") * 3 * hours_of_month() + 28)


def test_an_image_made_of_it_costs_the_same_and_others_nothing(market, priced, people, plain):  # H7
    priced("once", "5", listing=market.listing)
    mine = factories.ImageFactory(project=people.bob.project, parent=market.image)
    assert estimate_servers(mine, market.flavor, 1, people.bob).total.once == 5
    assert estimate_servers(plain, market.flavor, 1, people.bob).is_free


def test_a_trial_that_has_begun_says_when_it_ends(market, priced, people):
    priced("hour", "1", listing=market.listing, trial_days=2)
    assert estimate_servers(market.image, market.flavor, 1, people.bob).trial_until is None
    began = market.run().usage.get().started_at
    estimate = estimate_servers(market.image, market.flavor, 1, people.bob)
    assert estimate.trial_until == began + timedelta(days=2)
    assert estimate.is_on_trial
    clock.move(timedelta(days=3))
    assert not estimate_servers(market.image, market.flavor, 1, people.bob).is_on_trial


def test_the_free_trial_is_taken_off_the_month_that_begins_now(market, priced, people):
    """R20, R21. It begins with the project's first server, so before that all of it is to come."""
    priced("hour", "1", listing=market.listing, trial_days=2)
    priced("hour", "1", flavor=market.flavor)
    of_bob = market.image, market.flavor, 1, people.bob
    two = estimate_servers(*of_bob, count=2).total
    assert (two.hour, two.trial, two.month) == (4, 2 * 48, 4 * hours_of_month() - 2 * 48)

    server = market.run()
    clock.move(timedelta(days=1, hours=12))
    assert estimate_servers(*of_bob).image.month == hours_of_month() - 12
    before, after = estimate_change({server: 40}, market.image, people.bob)
    assert before.image.month == after.image.month == hours_of_month() - 12

    clock.move(timedelta(days=1))
    over = estimate_servers(*of_bob)
    assert (over.image.month, over.image.trial) == (hours_of_month(), 0)


def test_a_trial_longer_than_the_month_leaves_the_flavor_alone(market, priced, people):
    priced("month", "9", listing=market.listing, trial_days=60)
    priced("hour", "1", flavor=market.flavor)
    estimate = estimate_servers(market.image, market.flavor, 1, people.bob)
    assert (estimate.image.month, estimate.total.month) == (0, hours_of_month())


def test_a_change_from_free_to_paid_and_back(market, priced, people, plain):
    priced("hour", "1", listing=market.listing)
    priced("gb-month", "0.7")
    paid, free = market.run(), market.run(plain)
    for server, image, fees in ((free, market.image, (0, 1)), (paid, plain, (1, 0))):
        before, after = estimate_change({server: 50}, image, people.bob)
        assert (before.image.hour, after.image.hour) == fees
        assert (before.disks.month, after.disks.month) == (28, 35)
    before, after = estimate_change({paid: 40, free: 40}, market.image, people.bob)
    assert (before.image.hour, after.image.hour) == (1, 2)


def test_a_server_that_stays_with_its_product_keeps_its_price(market, priced, people, plain):
    priced("hour", "1", listing=market.listing)
    server, other = market.run(), market.run(plain)
    clock.move(timedelta(minutes=1))
    priced("hour", "9", listing=market.listing)
    assert [each.image.hour for each in estimate_change({server: 1}, market.image, people.bob)] == [1, 1]
    assert [each.image.hour for each in estimate_change({other: 1}, market.image, people.bob)] == [0, 9]


def test_going_back_to_a_former_system_says_what_becomes_of_the_fee(market, priced, people, plain):
    priced("hour", "1", listing=market.listing)
    drawn = Template("{% load market %}{% cost_of_undo server image %}")
    server = market.run(plain)
    text = drawn.render(Context({"server": server, "image": market.image, "actor": people.bob}))
    assert "Free → CN¥1.00 per hour" in text
    for image in (plain, None):
        assert not drawn.render(Context({"server": server, "image": image, "actor": people.bob})).strip()


# in the wizards --------------------------------------------------------------------------------------


@pytest.fixture
def costly(market, priced):
    priced("hour", "0.36", listing=market.listing)
    priced("hour", "0.2", flavor=market.flavor)
    priced("gb-month", "0.7")
    return market


def text_of(actor, url, **query):
    answer = client_of(actor).get(url, query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_address_of_costs_follows_what_is_typed(costly, people):
    typed = {"image": costly.image.pk, "flavor": costly.flavor.pk, "system_disk_gb": "100"}
    text = text_of(people.dave, reverse("market:cost"), **typed)
    assert "CN¥0.36" in text
    assert "CN¥70.00" in text
    assert "CN¥7.00" in text_of(people.dave, reverse("market:cost"), size_gb="10")
    assert "Choose an image" in text_of(people.dave, reverse("market:cost"), flavor="none", image="none")


def test_the_cost_of_an_image_one_does_not_see_is_not_told(costly, people):
    mine = factories.ImageFactory(project=people.bob.project, parent=costly.image)
    typed = {"image": mine.pk, "flavor": costly.flavor.pk}
    assert "CN¥0.36" in text_of(people.bob, reverse("market:cost"), **typed)
    assert "CN¥0.36" not in text_of(people.carol, reverse("market:cost"), **typed)


def test_it_is_said_what_the_trial_takes_off_the_month(market, priced, people):
    priced("hour", "1", listing=market.listing, trial_days=2)
    typed = {"image": market.image.pk, "flavor": market.flavor.pk}
    text = text_of(people.dave, reverse("market:cost"), **typed)
    assert "The month begins now: the free trial takes CN¥48.00 off it." in text
    market.run()
    clock.move(timedelta(days=3))
    assert "off it" not in text_of(people.dave, reverse("market:cost"), **typed)


@pytest.mark.slow(reason="every page that says what it costs is drawn")
def test_pages_show_what_it_costs_before_anything_is_done(costly, people, plain):
    factories.ImageDiskFactory(image=plain)
    server = costly.run(plain)
    change_status(server, server.Status.STOPPED)
    disk = factories.DiskFactory(
        project=people.bob.project, zone=server.zone, server=None, role="data", status="available"
    )
    for url, query in (
        (reverse("servers-create"), {"image": costly.image.pk, "flavor": costly.flavor.pk, "tab": "market"}),
        (reverse("servers-change-os", args=[server.pk]), {"image": costly.image.pk, "tab": "market"}),
        (reverse("servers-reinstall-os", args=[server.pk]), {}),
        (reverse("disks-create"), {}),
        (reverse("disks:grow", args=[disk.pk]), {}),
        (reverse("market:detail", args=[costly.listing.pk]), {}),
    ):
        text = text_of(people.bob, url, **query)
        assert "What it costs" in text, url
        assert "CN¥" in text, url


def test_another_flavor_costs_its_price_and_the_images_fee_by_its_vcpus(market, priced, people):
    priced("hour", "0.36", listing=market.listing, per_vcpu=True)
    priced("hour", "0.2", flavor=market.flavor)
    server = market.run()
    larger = factories.FlavorFactory(name="larger", vcpus=market.flavor.vcpus + 2, memory_mb=1)
    priced("hour", "0.5", flavor=larger)
    before, after = estimate_resize(server, larger, people.bob)
    assert after.image.hour - before.image.hour == Decimal("0.72")
    assert (before.flavor.hour, after.flavor.hour) == (Decimal("0.2"), Decimal("0.5"))
    assert before.disks == after.disks
    assert estimate_resize(server, None, people.bob) == (before, before)
