"""Who sees which image: the project, the account, another account, another region, nobody."""

import pytest
from django.urls import reverse

from images.models import Image
from imsconsole.accounts.actor import actor_for
from imsconsole.accounts.models import Role
from tests import factories
from tests.conftest import HTMX, client_of, person

pytestmark = [pytest.mark.django_db, pytest.mark.slow(reason="all lists, files and pages are looked at")]


def seen_by(actor):
    """The names the actor meets in lists, searches and files, and the pages that open."""
    client, names = client_of(actor), set()
    for tab in ("public", "private", "shared", "market"):
        for query in ({"tab": tab}, {"tab": tab, "q": "image"}):
            table = client.get(reverse("images:list"), query, headers=HTMX).context["table"]
            names |= {row.record.name for row in table.paginated_rows}
        every = {"tab": tab, "id": [str(image.pk) for image in Image.objects.all()], "picked": "1"}
        for query in ({"tab": tab}, every):
            text = b"".join(client.get(reverse("images:export-csv"), query).streaming_content).decode()
            names |= {image.name for image in Image.objects.all() if f"{image.name}," in text}
    return names, {image.name for image in Image.objects.all() if opens(client, image)}


def opens(client, image):
    pages = [client.get(image.get_absolute_url()), client.get(reverse("images:delete", args=[image.pk]))]
    assert len({page.status_code for page in pages}) == 1
    return pages[0].status_code == 200


@pytest.fixture
def world(people):
    """Images of the project, of another project of the account, of another account, of another region."""
    north = people.bob.project
    other = factories.ProjectFactory(account=north.account, region=north.region, name="acme-second")
    east = factories.ProjectFactory(
        account=north.account, region=factories.RegionFactory(code="cn-east-3"), name="acme-east"
    )
    factories.ImageFactory(project=north, name="image-ours")
    factories.ImageFactory(project=north, name="image-gone", status="deleted")
    factories.ImageFactory(project=other, name="image-second-project")
    factories.ImageFactory(project=people.carol.project, name="image-theirs")
    factories.ImageFactory(project=east, name="image-east")
    factories.PublicImageFactory(name="image-public")
    factories.PublicImageFactory(name="image-public-east", region=east.region)
    people.east = east
    return people


@pytest.mark.parametrize("name", ["alice", "bob", "dave"])
def test_everyone_of_the_project_sees_its_images_and_the_public_ones(world, name):
    """R2, R106."""
    lists, pages = seen_by(getattr(world, name))

    assert lists == pages == {"image-ours", "image-public"}


def test_another_account_sees_only_its_own_and_the_public_ones(world):
    """R2, R3, R11."""
    lists, pages = seen_by(world.carol)

    assert lists == pages == {"image-theirs", "image-public"}


def test_in_another_region_only_images_of_that_region_are_seen(world):
    lists, pages = seen_by(actor_for(world.bob.user, world.east))

    assert lists == pages == {"image-east", "image-public-east"}


def test_nobody_sees_anything_without_signing_in(world):
    image = Image.objects.get(name="image-public")
    for url in (reverse("images:list"), reverse("images:export-csv"), image.get_absolute_url()):
        assert client_of(None).get(url).status_code == 302


def test_a_member_of_one_project_does_not_see_the_account_s_other(world):
    second = Image.objects.get(name="image-second-project").project
    newcomer = person("erin", second.account, second, Role.FULL_ACCESS)

    assert seen_by(newcomer)[0] == {"image-second-project", "image-public"}


def test_a_public_image_tells_nobody_of_the_servers_of_others(world):
    public = Image.objects.get(name="image-public")
    factories.ServerFactory(project=world.carol.project, image=public, name="carols-secret")
    factories.ImageFactory(project=world.carol.project, parent=public, name="carols-child")
    url = public.get_absolute_url()

    for section in ("attributes", "lineage", "use", "history"):
        page = client_of(world.bob).get(url, {"section": section})
        assert page.context["image"].servers_count == 0
        assert "carols-" not in page.content.decode()
    assert "carols-secret" in client_of(world.carol).get(url, {"section": "use"}).content.decode()
