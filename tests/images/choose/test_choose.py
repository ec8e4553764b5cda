"""Which image should I take? Every answer is in the URL."""

import re
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.urls import reverse

from images.choose.forms import ChooseForm
from images.choose.found import CONSIDERED, SHOWN, candidates, elsewhere
from imsconsole.cloud.hosts import host_of
from imsconsole.cloud.models import Flavor
from imsconsole.core.now import now
from market.billing.costs import seconds_of_month
from market.money import money as cents
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def flavors(people):
    return [
        factories.FlavorFactory(name="s6-small-1", memory_mb=256),
        factories.FlavorFactory(name="s6-large-1", memory_mb=512),
    ]


def page_of(actor, **answers):
    response = client_of(actor).get(reverse("images:choose"), answers)
    assert response.status_code == 200
    return response.content.decode()


def found(actor, **answers):
    """The candidates by name."""
    form = ChooseForm(answers, actor=actor)
    capabilities = host_of(actor.region).capabilities
    rows = candidates(form.answers(), actor, capabilities, list(Flavor.objects.all()))
    return {row.image.name: row for row in rows}


def test_each_need_is_met_by_its_kind_of_image(people, flavors):
    """R1, R23."""
    factories.PublicImageFactory(name="clean")
    factories.ImageFactory(project=people.bob.project, name="ours")
    factories.ImageFactory(project=people.carol.project, name="theirs")
    received = factories.ImageFactory(project=people.carol.project, name="received")
    factories.ShareFactory(image=received, project=people.bob.project, status="accepted")
    factories.EditionFactory(version_of__listing__project=people.carol.project, version_of__title="shop")

    assert list(found(people.bob)) == ["clean"]
    assert list(found(people.bob, need="public")) == ["clean"]
    assert list(found(people.bob, need="private")) == ["ours"]
    assert list(found(people.bob, need="shared")) == ["received"]
    assert list(found(people.bob, need="market")) == ["shop"]


def test_what_no_server_is_made_from_is_no_answer(people, flavors):
    for kind in ("data", "iso"):
        factories.ImageFactory(project=people.bob.project, type=kind)
    factories.ImageFactory(project=people.bob.project, status="saving")

    assert found(people.bob, need="private") == {}


def test_the_os_and_a_word_narrow_it(people, flavors):
    ubuntu = factories.OsVersionFactory(name="Ubuntu 22.04 server 64bit", platform="Ubuntu")
    project = people.bob.project
    factories.ImageFactory(project=project, name="plain")
    factories.ImageFactory(project=project, name="told", description="with nginx inside", os_version=ubuntu)
    factories.ImageFactory(project=project, name="tagged").tags.create(key="software", value="Nginx 1.24")

    assert set(found(people.bob, need="private", platform="Ubuntu")) == {"told"}
    assert set(found(people.bob, need="private", software="nginx")) == {"told", "tagged"}


@pytest.fixture
def shop(people):
    """Carol offers a shop with its software, and something else."""
    version = factories.ListingVersionFactory(
        listing__project=people.carol.project, title="Web shop", version="3.1"
    )
    version.software.create(name="Magento", version="2.4.7")
    version.software.create(name="MariaDB")
    image = factories.EditionFactory(version_of=version).image
    factories.EditionFactory(version_of__title="A blog", version_of__version="6.1")
    return SimpleNamespace(version=version, image=image)


@pytest.mark.parametrize("words", ["magento", "2.4.7", "Magento 2.4.7", "web SHOP 3.1", "mariadb"])
def test_market_images_are_found_by_title_version_and_built_in_software(people, flavors, shop, words):
    """Table 2 of the seed: built-in software."""
    assert list(found(people.bob, need="market", software=words)) == ["Web shop"]
    assert found(people.bob, need="market", software=f"{words}-not") == {}


def test_what_is_made_of_a_market_image_has_its_software(people, flavors, shop):
    mine = factories.ImageFactory(project=people.bob.project, name="mine", parent=shop.image)
    factories.ImageFactory(project=people.bob.project, name="of-mine", parent=mine)
    factories.ImageFactory(project=people.bob.project, name="another")

    assert set(found(people.bob, need="private", software="magento")) == {"mine", "of-mine"}


def test_it_shows_the_software_that_was_asked_for(people, flavors, shop):
    assert "Magento 2.4.7, MariaDB" in page_of(people.bob, need="market")


def test_it_says_what_was_filtered_and_how_to_see_the_rest(people, flavors, shop):
    page = page_of(people.bob, need="market", software="oracle", platform="Debian", flavor="s6-small-1")
    assert "None of the 2 images answers" in page
    assert "the market has no" not in page
    assert "Built-in software: <b>oracle</b>" in page
    assert '/images/choose/?need=market&amp;platform=Debian&amp;flavor=s6-small-1"' in page

    assert "1 of 2 images answers" in page_of(people.bob, need="market", software="magento")
    assert "of 2 images" not in page_of(people.bob, need="market")


def test_it_shows_what_an_hour_and_a_month_cost_on_the_chosen_flavor(people, shop):
    """R20, R21, H7: image, flavor and disks; the free trial is taken off the month."""
    for name, vcpus in (("s6-small-1", 1), ("s6-large-2", 2)):
        flavor = factories.FlavorFactory(name=name, vcpus=vcpus, memory_mb=256 * vcpus)
        factories.PriceFactory(of="flavor", listing=None, flavor=flavor, amount="0.25")
    listing = shop.version.listing
    factories.PriceFactory(listing=listing, amount="0.5", per_vcpu=True, trial_days=2)
    factories.PriceFactory(of="disk", listing=None, unit="gb-month", amount="7.44")
    hours = seconds_of_month(now()) // 3600
    asked = {"need": "market", "software": "magento"}

    page = page_of(people.bob, **asked, flavor="s6-large-2")
    hour, month = Decimal("1.25") + Decimal("7.44") / hours, Decimal("1.25") * hours - 48 + Decimal("7.44")
    assert f"{cents(hour)} an hour" in page
    assert f"{cents(month)} a month" in page
    assert "CN¥0.50 per hour and vCPU, the first 2 days free" in page

    assert f"{cents(hour - Decimal('0.5'))} an hour" not in page
    smallest = Decimal("0.75") + Decimal("7.44") / hours
    assert f"{cents(smallest)} an hour" in page_of(people.bob, **asked)


def test_what_costs_nothing_is_free(people, flavors):
    factories.PublicImageFactory()
    assert ">free<" in re.sub(r"\s", "", page_of(people.bob))


def test_images_that_fit_the_flavor_come_first_and_the_others_say_why(people, flavors):
    factories.PublicImageFactory(name="a-big-one", min_ram_mb=512)
    factories.PublicImageFactory(name="small")
    rows = found(people.bob, flavor="s6-small-1")

    assert list(rows) == ["small", "a-big-one"]
    assert rows["a-big-one"].verdict.code == "fit-memory-min"
    assert str(rows["a-big-one"].verdict.reason) in page_of(people.bob, flavor="s6-small-1")


def test_images_that_are_not_kept_up_come_after_those_that_are(people, flavors):
    successor = factories.PublicImageFactory(name="newer")
    factories.PublicImageFactory(name="ancient", deprecated_on="2020-01-01", successor=successor)

    assert list(found(people.bob)) == ["newer", "ancient"]
    assert "Better take newer." in page_of(people.bob)


def test_without_a_flavor_each_image_names_the_smallest_that_fits(people, flavors):
    factories.PublicImageFactory(name="big", min_ram_mb=512)
    factories.PublicImageFactory(name="huge", min_ram_mb=4096)
    rows = found(people.bob)

    assert rows["big"].flavor.name == "s6-large-1"
    assert (rows["huge"].flavor, rows["huge"].verdict.code) == (None, "fit-no-flavor")


def test_it_ends_at_the_wizard_with_image_flavor_and_zone_chosen(people, flavors):
    image = factories.PublicImageFactory(name="big", min_ram_mb=512)
    zone = factories.ZoneFactory(code="cn-north-4b", region=people.bob.region)
    page = page_of(people.bob, zone=zone.pk)
    href = re.search(rf'href="([^"]*{reverse("servers-create")}\?image={image.pk}[^"]*)"', page)[1]
    wizard = client_of(people.bob).get(href.replace("&amp;", "&")).content.decode()

    assert re.search(r'value="s6-large-1" checked', wizard)
    assert re.search(r'<option value="cn-north-4b" selected', wizard)
    assert "Chosen image: <strong>big</strong>" in wizard


def test_who_only_reads_is_told_why_nothing_can_be_created(people, flavors):
    factories.PublicImageFactory()
    assert "Your role in this project is read-only" in page_of(people.dave)


@pytest.mark.parametrize(
    ("need", "says"),
    [
        ("public", "this region has no public image"),
        ("private", "this project has no image"),
        ("shared", "this project has no image of another project"),
        ("market", "the market has no image in this region"),
    ],
)
def test_where_there_is_nothing_it_says_so_and_blames_no_filter(people, need, says):
    for words in ("", "nginx"):
        page = page_of(people.bob, need=need, software=words)
        assert says in page
        assert "None of" not in page


def test_it_shows_the_way_to_an_image_that_is_elsewhere(people, flavors):
    region = factories.RegionFactory(code="cn-east-3", name="East")
    other = factories.ProjectFactory(account=people.bob.account, region=region, name="acme-east")
    stranger = factories.ProjectFactory(account=people.carol.account, region=region, name="globex-east")
    for project in (other, other, stranger):
        factories.ImageFactory(project=project)
    page = page_of(people.bob, need="private")

    assert elsewhere({"need": "private"}, people.bob) == [other]
    assert "acme-east" in page.partition('id="choose-found"')[2]
    assert "globex-east" not in page
    assert str(people.bob.project.pk) in page
    assert reverse("images:create") in page


@pytest.mark.parametrize(
    "answers",
    [
        {"need": "no-such", "flavor": "no-such", "zone": "x" * 5000, "platform": "'; drop", "software": "y" * 5000},
        {"flavor": "\x01", "software": "\x01"},
        {"software": "%_\\"},
    ],
)  # fmt: skip
def test_answers_that_make_no_sense_count_as_none(people, flavors, answers):
    page_of(people.bob, **answers)


def test_htmx_gets_the_answers_only(people, flavors):
    response = client_of(people.bob).get(reverse("images:choose"), headers={"HX-Request": "true"})

    assert "<html" not in response.content.decode()
    assert response.content.decode().lstrip().startswith('<div id="choose-found"')


@pytest.mark.slow(reason="the queries of a page are counted with few rows and with many")
def test_the_number_of_queries_does_not_depend_on_the_number_of_images(
    people, flavors, django_assert_max_num_queries
):
    client = client_of(people.bob)
    other = factories.ProjectFactory(account=people.bob.account, region=people.bob.region)

    def asked():
        with django_assert_max_num_queries(40) as captured:
            client.get(reverse("images:choose"), {"need": "private"})
        return len(captured)

    def add_one_of_each():
        factories.ImageFactory(project=people.bob.project).tags.create(key="a")
        factories.ImageFactory(project=other)

    add_one_of_each()
    asked()
    before = asked()
    for _ in range(SHOWN + 5):
        add_one_of_each()
    assert asked() == before
    page = client.get(reverse("images:choose"), {"need": "private"}).content.decode()
    assert page.count('data-label="Fits"') == SHOWN
    assert "and 6 more" in page


@pytest.mark.slow(reason="more images are made than are looked at")
def test_of_very_many_images_the_first_are_looked_at_and_that_is_said(people, flavors):
    factories.ImageFactory.create_batch(CONSIDERED + 1, project=people.bob.project)
    page = page_of(people.bob, need="private")
    assert f"{CONSIDERED} of the first {CONSIDERED} images can be used now" in page
    assert "There are more images." in page
