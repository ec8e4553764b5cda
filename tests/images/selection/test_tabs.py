"""Each tab asks for its own images only: the same that `visible_to` and `kind_of` say."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse

from images.models import Image
from images.selection.filters import for_tab
from images.selection.tabs import KINDS, kind_of, of_kind
from imsconsole.accounts.actor import Actor, service_actor
from imsconsole.core.now import now
from tests import factories
from tests.conftest import HTMX, client_of
from tests.support.plans import scans

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(people) -> list[Actor]:
    """Everything that may decide where an image stands, of projects of one account, of another, of another region."""
    mine = people.bob.project
    second = factories.ProjectFactory(account=mine.account, region=mine.region)
    far = factories.ProjectFactory(account=mine.account, region=factories.RegionFactory())
    projects = [mine, second, far, people.carol.project]
    for project in projects:
        for status in Image.Status.values:
            if status != Image.Status.TRASHED:
                factories.ImageFactory(project=project, status=status)
        others = [each for each in projects if each != project and each.region_id == project.region_id]
        for other in others:
            for fields in (
                {"status": "accepted"}, {"status": "pending"}, {"status": "rejected"},
                {"status": "accepted", "ended_at": now()},
                {"status": "accepted", "ends_at": now() + timedelta(days=1)},
                {"status": "accepted", "ends_at": now() - timedelta(days=1)},
            ):  # fmt: skip
                factories.ShareFactory(image=factories.ImageFactory(project=project), project=other, **fields)
            gone = factories.ImageFactory(project=project, status="deleted")
            factories.ShareFactory(image=gone, project=other, status="accepted")
    for region in (mine.region, far.region):
        for fields in ({}, {"hidden": True}, {"status": "deleted"}, {"deprecated_on": now().date()}):
            factories.PublicImageFactory(region=region, **fields)
        for state in ("published", "withdrawn", "replaced"):
            for project in (None, mine, people.carol.project):
                edition = factories.EditionFactory(
                    version_of=factories.ListingVersionFactory(state=state), region=region
                )
                if project and project.region_id == region.pk:
                    factories.ServerFactory(project=project, image=edition.image)
                    gone = factories.EditionFactory(
                        version_of=factories.ListingVersionFactory(state=state), region=region
                    )
                    factories.ServerFactory(project=project, image=gone.image, deleted_at=now())
    return [service_actor(project) for project in projects]


@pytest.mark.slow(reason="a hundred images of every kind, looked at from each project")
def test_tabs_hold_what_is_visible_each_in_its_own(world, people):
    for actor in world:
        seen = [image for image in Image.objects.visible_to(actor) if not image.hidden]
        for tab in KINDS:
            wanted = sorted(image.pk for image in seen if kind_of(image, actor) == tab)
            found = sorted(of_kind(tab, actor).values_list("pk", flat=True))
            assert found == wanted, tab
            assert wanted or (tab == "shared" and actor.project.region != world[0].project.region)
    assert not for_tab("trash", people.bob).exists(), "it is of the project only"


@pytest.mark.slow(reason="thousands of rows, among which an index is worth its while")
def test_no_tab_asks_for_the_images_of_another_or_reads_all_there_are(world, people):
    """Among so many that an index is worth its while."""
    crowd = factories.ProjectFactory(region=people.bob.project.region)
    Image.objects.bulk_create(
        Image(region=crowd.region, project=crowd, name=f"n{number}", status="active")
        for number in range(3000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    client, url = client_of(people.bob), reverse("images:list")
    sorted_by = ("name", "-stored_bytes", "-updated_at", "min_disk_gb")
    for tab in (*KINDS, "trash"):
        for query in ("", "&page=last", *(f"&sort={column}" for column in sorted_by)):
            with scans("images_image") as found:
                answer = client.get(f"{url}?tab={tab}{query}", headers=HTMX if query else {})
            assert (answer.status_code, found) == (200, []), (tab, query)
