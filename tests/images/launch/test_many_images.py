"""Pages that choose among images, or tell of one, ask as much of the database for 30 as for 300, and never for all of them."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from images.models import Image
from sharing.models import Share
from tests import factories
from tests.conftest import client_of
from tests.support.plans import scans

pytestmark = pytest.mark.django_db
MOST_QUERIES = 25


@pytest.fixture
def catalogue(people: SimpleNamespace) -> SimpleNamespace:
    """One image of each tab, a server, a disk, and an account that publishes: what pages need to be drawn whole."""
    mine = factories.ImageFactory(project=people.bob.project, name="mine")
    factories.PublicImageFactory(name="clean")
    received = factories.ImageFactory(project=people.carol.project, name="received")
    factories.ShareFactory(image=received, project=people.bob.project, status="accepted")
    factories.EditionFactory(version_of__listing__project=people.carol.project)
    factories.FlavorFactory()
    zone = factories.ZoneFactory(code="cn-north-4a", region=people.bob.region)
    server = factories.ServerFactory(project=people.bob.project, image=mine, zone=zone)
    return SimpleNamespace(image=mine, server=server, client=client_of(people.bob))


def pages(catalogue: SimpleNamespace) -> dict[str, str]:
    create, change = "/servers/create/", f"/servers/{catalogue.server.pk}/change-os/"
    return {
        **{f"create {tab}": f"{create}?tab={tab}" for tab in ("public", "private", "shared", "market")},
        **{
            f"guide {need}": f"/images/choose/?need={need}"
            for need in ("public", "private", "shared", "market")
        },
        "create of one": f"{create}?image={catalogue.image.pk}",
        "change OS": f"{change}?tab=private",
        "disk": "/disks/create/",
        "publish": "/market/listings/create/",
        "image": f"/images/{catalogue.image.pk}/",
        "history": f"/images/{catalogue.image.pk}/?section=history",
        "servers": "/servers/",
    }


def grow(people: SimpleNamespace, count: int) -> None:
    """As many more of the project's own, of everybody's and of those that it received."""
    of = {"region": people.bob.region, "status": "active"}
    rows = [
        {"project": people.bob.project},
        {"project": people.bob.project, "type": "data"},
        {"project": None, "category": "public"},
        {"project": people.carol.project},
    ]
    images = Image.objects.bulk_create(
        Image(name=f"more-{count}-{number}-{at}", **of, **row)
        for number in range(count)
        for at, row in enumerate(rows)
    )
    Share.objects.bulk_create(
        Share(image=image, owner=image.project, project=people.bob.project, status="accepted")
        for image in images[3::4]
    )


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(url).status_code == 200, url
    return len(asked)


@pytest.mark.slow(reason="every wizard that offers images is drawn among few and among hundreds")
def test_they_ask_as_often_for_300_images_as_for_30_and_read_never_all(
    people: SimpleNamespace, catalogue: SimpleNamespace
) -> None:
    def asked() -> dict[str, int]:
        urls = pages(catalogue)
        return {name: queries(catalogue.client, url) for name, url in urls.items()}

    grow(people, 30)
    connection.cursor().execute("ANALYZE")
    found: dict[str, Any] = {}
    for name, url in pages(catalogue).items():
        with scans("images_image") as read:
            catalogue.client.get(url)
        found[name] = read
    assert {name: read for name, read in found.items() if read} == {}
    before = asked()
    grow(people, 270)
    assert asked() == before
    assert max(before.values()) <= MOST_QUERIES, before


def test_one_is_found_by_a_part_of_its_name_or_id_whatever_the_script(people: SimpleNamespace) -> None:
    image = factories.ImageFactory(project=people.bob.project, name="数据库-web")
    factories.ImageFactory(project=people.bob.project, name="other")
    client = client_of(people.bob)
    for word in ("数", "库-", "WEB", str(image.pk)[-8:]):
        sent = {"action": "refresh", "tab": "private", "image_q": word, "image_was": word}
        assert client.post("/servers/create/", sent).context["form"]["image"].rows == [image], word
