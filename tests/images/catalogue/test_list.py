"""The list of images: its tabs, filters, order, pages, rows in progress."""

import re

import pytest
from django.urls import reverse

from images.models import Image
from imsconsole.core.now import now
from imsconsole.jobs.models import Job
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def page_of(actor, **query):
    response = client_of(actor).get(reverse("images:list"), query)
    assert response.status_code == 200
    return response


def names_of(actor, **query):
    table = page_of(actor, **query).context["table"]
    return [row.record.name for row in table.paginated_rows]


def running_job(image, **fields):
    return Job.objects.create(
        kind="image.import", path="x", queue="bulk", project=image.project, subject_kind="image",
        subject_id=image.pk, subject_name=image.name, state="running", lease_until=now(), **fields,
    )  # fmt: skip


def test_the_first_tab_shows_public_images_that_are_not_hidden(people):
    factories.PublicImageFactory(name="Debian")
    factories.PublicImageFactory(name="withdrawn", hidden=True)
    factories.ImageFactory(project=people.bob.project, name="mine")

    assert names_of(people.bob) == ["Debian"]


def test_the_private_tab_shows_own_images_newest_first(people):
    for name in ("old", "new"):
        factories.ImageFactory(project=people.bob.project, name=name)

    assert names_of(people.bob, tab="private") == ["new", "old"]


@pytest.mark.parametrize("tab", ["shared", "market"])
def test_the_tabs_of_later_are_empty_and_say_so(people, tab):
    factories.ImageFactory(project=people.bob.project)
    page = page_of(people.bob, tab=tab).content.decode()

    assert {"shared": "Nobody has shared", "market": "no listings yet"}[tab] in page


def test_an_unknown_tab_is_the_first(people):
    assert page_of(people.bob, tab="nonsense").context["tab"] == "public"


def test_encrypted_images_can_be_looked_for(people):
    key = factories.KeyFactory(project=people.bob.project, name="vault-1")
    factories.ImageFactory(project=people.bob.project, name="secret", key=key)
    factories.ImageFactory(project=people.bob.project, name="plain")

    assert names_of(people.bob, tab="private", encryption="yes") == ["secret"]
    assert names_of(people.bob, tab="private", encryption="no") == ["plain"]
    assert "vault-1" in page_of(people.bob, tab="private", columns="encryption").content.decode()


@pytest.fixture
def four(people):
    project = people.bob.project
    windows = factories.OsVersionFactory(name="W", os_type="Windows", platform="Windows", version="10")
    factories.ImageFactory(project=project, name="web-100%")
    factories.ImageFactory(project=project, name="web-server", os_version=windows, min_disk_gb=40)
    factories.ImageFactory(project=project, name="data", type="data", os_version=None)
    factories.ImageFactory(project=project, name="broken", status="killed")
    return people


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"q": "WEB"}, ["web-server", "web-100%"]),
        ({"q": "%"}, ["web-100%"]),
        ({"status": "killed"}, ["broken"]),
        ({"os": "Windows"}, ["web-server"]),
        ({"platform": "Debian"}, ["broken", "web-100%"]),
        ({"type": "data"}, ["data"]),
        ({"q": "web", "os": "Windows"}, ["web-server"]),
        ({"q": "nothing-like-it"}, []),
        ({"status": "nonsense", "type": "data"}, ["data"]),
        ({"sort": "name"}, ["broken", "data", "web-100%", "web-server"]),
        ({"sort": "-min_disk_gb"}, None),
        ({"sort": "nonsense"}, ["broken", "data", "web-server", "web-100%"]),
        ({"page": "99", "per_page": "nonsense"}, ["broken", "data", "web-server", "web-100%"]),
    ],
)
def test_filters_order_and_page_are_in_the_url(four, query, names):
    found = names_of(four.bob, tab="private", **query)

    assert found == names if names is not None else found[0] == "web-server"


@pytest.mark.parametrize("cut", [slice(None), slice(0, 23), slice(22, 32)])
def test_an_image_is_found_by_its_id_or_a_part_of_it(people, cut):
    image = factories.ImageFactory(project=people.bob.project, name="zzz")
    factories.ImageFactory(project=people.bob.project, name="yyy")

    assert names_of(people.bob, tab="private", q=str(image.pk)[cut]) == ["zzz"]


@pytest.mark.slow(reason="a list is drawn for each of its columns")
def test_every_column_can_be_sorted_by(four):
    for column in ("name", "status", "os_version", "type", "min_disk_gb", "stored_bytes", "servers_count"):
        assert len(names_of(four.bob, tab="private", sort=f"-{column}")) == 4


def test_no_images_at_all_calls_for_an_import_and_nothing_found_for_a_reset(people):
    empty = page_of(people.bob, tab="private").content.decode()
    nothing = page_of(people.bob, tab="private", q="zzz").content.decode()

    assert "No private images yet" in empty
    assert "Nothing matches" in nothing
    assert f"{reverse('images:list')}?tab=private" in nothing


def test_the_size_is_that_of_all_files_and_servers_are_those_of_the_project(people):
    image = factories.PublicImageFactory()
    for index in range(2):
        factories.ImageDiskFactory(image=image, index=index, size_bytes=1024**2)
        factories.ServerFactory(project=people.bob.project, image=image)
    factories.ServerFactory(project=people.bob.project, image=image, deleted_at=now())
    factories.ServerFactory(project=people.carol.project, image=image)

    row = page_of(people.bob).context["table"].paginated_rows[0].record
    assert (row.size_bytes, row.servers_count) == (2 * 1024**2, 2)


def test_a_row_in_progress_shows_its_job_and_asks_again_until_it_has_ended(people):
    image = factories.ImageFactory(project=people.bob.project, status="saving")
    factories.ImageFactory(project=people.bob.project)
    job = running_job(image, bytes_done=30, bytes_total=100)

    page = page_of(people.bob, tab="private").content.decode()
    assert "30 %" in page
    assert f'hx-select-oob="#state-{image.pk}"' in page

    Image.objects.update(status="active")
    Job.objects.filter(pk=job.pk).update(state="done")
    headers = {**HTMX, "IMS-Working": str(image.pk)}
    answer = client_of(people.bob).get(reverse("images:list"), {"tab": "private"}, headers=headers)
    fragment = answer.content.decode()
    assert "every 2s" not in fragment
    # the row that has ended comes whole: its actions have changed
    assert re.findall(r'<tr id="image-([^"]+)" hx-swap-oob="true"', fragment) == [str(image.pk)]


def test_htmx_gets_the_list_alone_and_the_back_button_the_page(people):
    client = client_of(people.bob)
    fragment = client.get(reverse("images:list"), headers=HTMX)
    whole = client.get(reverse("images:list"), headers={**HTMX, "HX-History-Restore-Request": "true"})

    assert b"<html" not in fragment.content
    assert b'hx-swap-oob="true"' in fragment.content
    assert b"<html" in whole.content
    assert "HX-Request" in fragment.headers["Vary"]


def queries_of(actor, django_assert_max_num_queries, **query):
    client = client_of(actor)
    client.get(reverse("images:list"), query)
    with django_assert_max_num_queries(100) as captured:
        response = client.get(reverse("images:list"), query)
    return len(captured), len(response.context["table"].paginated_rows)


@pytest.mark.slow(reason="the queries of a page are counted with few rows and with many")
@pytest.mark.parametrize("tab", ["public", "private"])
def test_a_hundred_rows_ask_the_database_as_often_as_one(people, django_assert_max_num_queries, tab):
    def more(n):
        for _ in range(n):
            image = (
                factories.PublicImageFactory() if tab == "public"
                else factories.ImageFactory(project=people.bob.project, status="saving")
            )  # fmt: skip
            factories.ImageDiskFactory(image=image)
            factories.ServerFactory(project=people.bob.project, image=image)
            if tab == "private":
                running_job(image)

    more(1)
    one = queries_of(people.bob, django_assert_max_num_queries, tab=tab, per_page=100)
    more(99)
    hundred = queries_of(people.bob, django_assert_max_num_queries, tab=tab, per_page=100)

    assert (one[1], hundred[1]) == (1, 100)
    assert one[0] == hundred[0]
    assert hundred[0] <= 18
