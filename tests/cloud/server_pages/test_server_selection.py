"""The bar of chosen servers, and the columns and views of their list."""

import pytest
from django.urls import reverse

from tests.conftest import client_of
from tests.factories import ServerFactory

pytestmark = pytest.mark.django_db
LIST, BAR = reverse("servers:list"), reverse("servers:selection")


def bar_of(actor, *servers):
    return client_of(actor).post(BAR, {"pick": ",".join(str(server.pk) for server in servers)})


def test_the_bar_says_whose_os_can_be_changed_and_why_of_others_not(people):
    ready = ServerFactory(project=people.bob.project, name="web-1", ref="x")
    busy = ServerFactory(project=people.bob.project, name="web-2", ref="y", status="stopping")
    bar = " ".join(bar_of(people.bob, ready, busy).content.decode().split())

    assert 'Change OS <span class="count">1 of 2</span>' in bar
    assert "<b>web-2</b>: The server is in state “Stopping”." in bar


def test_the_bar_names_what_is_chosen_and_not_on_the_page(people):
    here, far, other = (
        ServerFactory(project=people.bob.project, name=name) for name in ("here", "far", "other")
    )
    data = {"pick": f"{here.pk},{far.pk}", "here": f"{here.pk},{other.pk}"}
    bar = client_of(people.bob).post(BAR, data)
    text = " ".join(bar.content.decode().split())

    assert bar.context["total"] == 2
    assert "1 is not on this page" in text
    assert far.get_absolute_url() in text
    assert here.get_absolute_url() not in text
    assert (
        "not on this page"
        not in client_of(people.bob).post(BAR, data | {"here": data["pick"]}).content.decode()
    )


def test_the_bar_knows_only_one_s_own_servers(people):
    server = ServerFactory(project=people.bob.project, name="secret")
    bar = bar_of(people.carol, server)

    assert bar.context["gone"] == {server.pk}
    assert "secret" not in bar.content.decode()
    assert "secret" in bar_of(people.dave, server).content.decode()


def test_many_chosen_servers_ask_the_database_as_often_as_one(people, django_assert_num_queries):
    servers = ServerFactory.create_batch(30, project=people.bob.project)
    client = client_of(people.bob)
    for some in (servers[:1], servers):
        with django_assert_num_queries(6):
            client.post(BAR, {"pick": ",".join(str(server.pk) for server in some)})


def test_servers_chosen_over_pages_come_as_one_field(people):
    servers = [ServerFactory(project=people.bob.project, ref="x") for _ in range(2)]
    answer = client_of(people.bob).post(
        reverse("servers-change-os-many"), {"pick": f"{servers[0].pk},{servers[1].pk},"}, follow=True
    )

    assert "Change OS of 2 servers" in answer.content.decode()


def test_the_list_has_columns_and_views(people):
    ServerFactory(project=people.bob.project)
    client = client_of(people.bob)
    client.post(reverse("choose-columns", args=["servers"]), {"column": ["key_pair", "auto_start"]})
    client.post(reverse("save-view", args=["servers"]), {"name": "up", "query": "status=running&q="})
    page = client.get(f"{LIST}?status=running")

    assert [column.name for column in page.context["table"].columns] == [
        "pick", "name", "key_pair", "auto_start", "actions",
    ]  # fmt: skip
    assert page.context["list"].current.name == "up"
    assert "Reset" in page.content.decode()


def test_a_list_that_asks_for_its_state_leaves_open_menus_alone(people):
    ServerFactory(project=people.bob.project, status="creating")
    headers = {"HX-Request": "true", "X-Seen": "another"}
    polled = client_of(people.bob).get(LIST, headers=headers).content.decode()
    asked = client_of(people.bob).get(LIST, headers={"HX-Request": "true"}).content.decode()

    assert 'id="list-tools" hx-swap-oob' in asked
    assert 'id="list-tools" hx-swap-oob' not in polled
    assert 'id="list-poll" hx-swap-oob="true" hx-get' in polled
