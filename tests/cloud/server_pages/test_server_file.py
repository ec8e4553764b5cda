"""The list of servers as a CSV file."""

import pytest
from django.urls import reverse

from images.models import Image
from tests.conftest import client_of
from tests.factories import FlavorFactory, ImageFactory, KeyPairFactory, ServerFactory
from tests.support.files import file_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(people):
    flavor = FlavorFactory(name="s.small", vcpus=2, memory_mb=2048)
    for name, status in (("b", "running"), ("a", "stopped"), ("c", "running")):
        ServerFactory(project=people.bob.project, name=name, status=status, flavor=flavor)
    return people


def names(actor, **query) -> list[str]:
    return [row["Name"] for row in file_of(actor, "servers", **query)]


def test_a_row_says_what_the_server_is(people):
    flavor = FlavorFactory(name="s.small", vcpus=2, memory_mb=2048)
    pair = KeyPairFactory(project=people.bob.project, name="laptop")
    server = ServerFactory(project=people.bob.project, flavor=flavor, key_pair=pair, status="running")
    (row,) = file_of(people.dave, "servers")
    assert (row["ID"], row["Status"]) == (str(server.pk), "Running")
    assert (row["Image"], row["Image ID"]) == (server.image.name, str(server.image_id))
    assert (row["Flavor"], row["vCPUs"], row["Memory (MB)"]) == ("s.small", "2", "2048")
    assert (row["IP address"], row["Key pair"]) == (server.private_ip, "laptop")
    assert (row["Start with the host"], row["Temporary server"]) == ("No", "No")


def test_the_file_is_in_the_order_of_the_list_and_of_what_it_shows(three):
    assert names(three.bob) == ["c", "a", "b"]
    assert names(three.bob, sort="name") == ["a", "b", "c"]
    assert names(three.bob, sort="-name", status="running") == ["c", "b"]
    assert names(three.bob, q="a") == ["a"]
    page = client_of(three.bob).get(reverse("servers:list"), {"status": "running", "sort": "name"})
    assert f"{reverse('servers:export')}?status=running&amp;sort=name" in page.content.decode()


def test_another_account_gets_none(three):
    assert names(three.carol) == []


def test_an_image_that_is_not_shared_any_more_is_not_named(people):
    """R102."""
    image = ImageFactory(project=people.carol.project, name="theirs", category=Image.Category.PRIVATE)
    ServerFactory(project=people.bob.project, image=image)
    (row,) = file_of(people.bob, "servers")
    assert (row["Image"], row["Image ID"]) == ("An image not shared any more", "")


def test_a_name_is_no_formula_and_headings_are_the_readers(people):
    ServerFactory(project=people.bob.project, name="=1+1")
    (row,) = file_of(people.bob, "servers", "zh-hans")
    assert (row["名称"], row["随主机启动"]) == ("'=1+1", "否")
