"""Which image should I take? Every answer is in the URL."""

import re

import pytest
from django.urls import reverse

from images.choose.forms import ChooseForm
from images.choose.found import SHOWN, candidates, elsewhere
from imsconsole.cloud.hosts import host_of
from imsconsole.cloud.models import Flavor
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
    href = re.search(rf'href="({reverse("servers-create")}\?image={image.pk}[^"]*)"', page)[1]
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
        ("shared", "nobody has shared an image with this project"),
        ("market", "the market has no listings"),
        ("private", "No image answers"),
    ],
)
def test_when_nothing_is_offered_it_says_so(people, need, says):
    assert says in page_of(people.bob, need=need)


def test_it_shows_the_way_to_an_image_that_is_elsewhere(people, flavors):
    region = factories.RegionFactory(code="cn-east-3", name="East")
    other = factories.ProjectFactory(account=people.bob.account, region=region, name="acme-east")
    stranger = factories.ProjectFactory(account=people.carol.account, region=region, name="globex-east")
    for project in (other, other, stranger):
        factories.ImageFactory(project=project)
    rows = elsewhere({"need": "private"}, people.bob)
    page = page_of(people.bob, need="private")

    assert [(row.project, row.count) for row in rows] == [(other, 2)]
    assert "acme-east" in page.partition('id="choose-found"')[2]
    assert "globex-east" not in page
    assert str(people.bob.project.pk) in page
    assert reverse("images:create") in page


@pytest.mark.parametrize(
    "answers",
    [
        {"need": "no-such", "flavor": "no-such", "zone": "x" * 5000, "platform": "'; drop", "software": "y" * 5000},
        {"flavor": "\x00", "software": "\x00"},
        {"software": "%_\\"},
    ],
)  # fmt: skip
def test_answers_that_make_no_sense_count_as_none(people, flavors, answers):
    page_of(people.bob, **answers)


def test_htmx_gets_the_answers_only(people, flavors):
    response = client_of(people.bob).get(reverse("images:choose"), headers={"HX-Request": "true"})

    assert "<html" not in response.content.decode()
    assert response.content.decode().lstrip().startswith('<div id="choose-found"')


@pytest.mark.slow(reason="many rows are made and looked at")
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
