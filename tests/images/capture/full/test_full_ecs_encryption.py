"""Full-ECS images whose disks have keys of their own (R46, R90): rule, list, filter, CSV, page; at a flat cost."""

import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from images.change_os.rules import can_become
from images.launch.rules import can_launch
from images.models import Image
from imsconsole.cloud.hosts import host_of
from imsconsole.cloud.models import Key
from imsconsole.core.now import now
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
LIST = reverse("images:list")


@pytest.fixture
def keys(people) -> list[Key]:
    return [factories.KeyFactory(project=people.bob.project, name=name) for name in ("first", "second")]


def full(actor, *keys: Key | None, **fields) -> Image:
    """A disk for each of the keys, the system disk first; None where one is plain."""
    image = factories.ImageFactory(project=actor.project, type="full", key=keys[0], **fields)
    for index, key in enumerate(keys):
        factories.ImageDiskFactory(
            image=image, index=index, role="data" if index else "system", key=key if index else None
        )
    return image


@pytest.fixture
def images(people, keys) -> dict[str, Image]:
    first, second = keys
    disks = {"plain": [None, None], "partly": [None, first, second, second], "wholly": [first, second]}
    return {name: full(people.bob, *each, name=name) for name, each in disks.items()}


# rule ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "more", "code"),
    [
        ("disabled", {}, "key-not-enabled"),
        ("pending-deletion", {"delete_at": now()}, "key-not-enabled"),
        ("deleted", {"wrapped": None, "master": None}, "key-gone"),
    ],
)
def test_a_key_of_a_data_disk_stops_servers_and_no_change_of_os_r90_r128(
    people, images, keys, state, more, code
):
    server = factories.ServerFactory(project=people.bob.project, ref="there")
    Key.objects.filter(name="second").update(state=state, **more)
    image = Image.objects.get(name="partly")
    assert can_launch(image, people.bob).code == code
    assert can_launch(images["plain"], people.bob)
    assert can_become(server, image, people.bob, host_of(people.bob.region)), (
        "that reads its system disk only"
    )


# pages -------------------------------------------------------------------------------------------------


def test_the_filter_finds_those_with_any_encrypted_disk(people, images):
    def found(answer: str) -> set[str]:
        page = client_of(people.bob).get(LIST, {"tab": "private", "encryption": answer})
        return {row.record.name for row in page.context["table"].paginated_rows}

    assert found("yes") == {"partly", "wholly"}
    assert found("no") == {"plain"}


def test_the_list_names_all_keys_and_says_when_a_disk_has_none(people, images):
    page = client_of(people.bob).get(LIST, {"tab": "private", "columns": "encryption"})
    cells = {row.record.name: row.get_cell("encryption") for row in page.context["table"].paginated_rows}
    assert cells == {
        "wholly": "Encrypted: first, second",
        "partly": "Partly encrypted: first, second",
        "plain": "Not encrypted",
    }


def test_the_file_has_a_key_for_each_disk(people, images, keys):
    answer = client_of(people.bob).get(reverse("images:export-csv"), {"tab": "private"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = {row["Image name"]: row for row in csv.DictReader(io.StringIO(text))}
    told = {name: (row["Encryption"], row["Key name"], row["Key ID"]) for name, row in rows.items()}
    first, second = (str(key.pk) for key in keys)
    assert told == {
        "plain": ("No", "", ""),
        "partly": ("Partly", "–; first; second; second", f"–; {first}; {second}; {second}"),
        "wholly": ("Yes", "first; second", f"{first}; {second}"),
    }


def test_its_page_says_of_each_disk_what_it_is_encrypted_with(people, images, keys):
    groups = client_of(people.bob).get(images["partly"].get_absolute_url()).context["groups"]
    told = [
        {
            str(each.name): str(each.value)
            for each in attributes
            if str(each.name) in ("Encryption", "Key name", "Key ID")
        }
        for _title, attributes in groups
    ]
    first, second = ({"Encryption": "Encrypted", "Key name": key.name, "Key ID": str(key.pk)} for key in keys)
    assert [each for each in told if each] == [
        {"Encryption": "Partly encrypted: first, second"},
        {"Encryption": "Not encrypted"},
        first,
        second,
        second,
    ]


@pytest.mark.slow(reason="the queries of a page are counted with few rows and with many")
def test_what_asks_for_keys_costs_the_same_for_many_received_images(people, keys):
    """Of another project's keys the grants are asked for, too."""
    client = client_of(people.carol)
    for key in keys:
        factories.KeyGrantFactory(key=key, grantee=people.carol.project)
    pages = (
        f"{LIST}?tab=shared",
        f"{reverse('servers-create')}?tab=shared",
        f"{reverse('images:choose')}?need=shared",
    )

    def received(count: int) -> None:
        for _ in range(count):
            image = full(people.bob, *keys, os_version=None)
            factories.ShareFactory(image=image, project=people.carol.project, status="accepted")

    def cost(url: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        return len(queries)

    received(1)
    few = {url: (cost(url), cost(url))[1] for url in pages}
    received(9)
    assert {url: cost(url) for url in pages} == few
