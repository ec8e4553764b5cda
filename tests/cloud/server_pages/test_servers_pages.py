"""The list of servers and the page of one: what is seen, by whom, at which cost."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from imsconsole.core.now import now
from imsconsole.jobs.models import Job
from tests.conftest import client_of
from tests.factories import DiskFactory, FlavorFactory, ImageFactory, ServerFactory

LIST = reverse("servers:list")


def _queries(client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


@pytest.mark.slow(reason="the queries of a page are counted with few rows and with many")
def test_the_list_costs_the_same_for_1_and_100_servers(people) -> None:
    image, flavor = ImageFactory(project=people.bob.project), FlavorFactory()
    make = {"project": people.bob.project, "image": image, "flavor": flavor}
    ServerFactory(**make)
    client = client_of(people.bob)
    one = _queries(client, LIST + "?per_page=100")
    ServerFactory.create_batch(99, **make)
    assert _queries(client, LIST + "?per_page=100") == one
    assert one <= 14


def test_an_empty_list_says_whether_a_filter_made_it_so(people) -> None:
    client = client_of(people.bob)
    assert b"No servers yet" in client.get(LIST).content
    filtered = client.get(f"{LIST}?q=nothing").content
    assert b"Nothing matches" in filtered
    assert b"No servers yet" not in filtered


def test_each_sees_the_servers_of_the_own_project_only(people) -> None:
    server = ServerFactory(project=people.bob.project, name="web-of-ours")
    for actor in (people.alice, people.bob, people.dave):
        assert b"web-of-ours" in client_of(actor).get(LIST).content
        assert client_of(actor).get(server.get_absolute_url()).status_code == 200
    assert b"web-of-ours" not in client_of(people.carol).get(LIST).content


@pytest.mark.parametrize(
    "name", ["detail", "screen", "screen-picture", "console", "console-text", "rename", "delete"]
)
def test_somebody_elses_server_does_not_exist(people, name) -> None:
    server = ServerFactory(project=people.bob.project)
    url = reverse(f"servers:{name}", args=[server.pk])
    assert client_of(people.carol).get(url).status_code == 404
    assert client_of(None).get(url).status_code == 302


def test_a_deleted_server_is_gone_from_every_page(people) -> None:
    from imsconsole.core.now import now

    server = ServerFactory(project=people.bob.project, name="web-gone", status="deleted", deleted_at=now())
    client = client_of(people.bob)
    assert client.get(server.get_absolute_url()).status_code == 404
    assert b"web-gone" not in client.get(LIST).content


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=alp", {"alpha"}),
        ("q=192.168.9", {"beta"}),
        ("q={alpha}", {"alpha"}),
        ("status=running", {"beta"}),
        ("q=nothing", set()),
        ("status=nonsense", {"alpha", "beta"}),
    ],
)
def test_the_filter_finds_by_name_id_address_and_status(people, query, found) -> None:
    alpha = ServerFactory(project=people.bob.project, name="alpha")
    ServerFactory(project=people.bob.project, name="beta", status="running", private_ip="192.168.9.7")
    page = client_of(people.bob).get(f"{LIST}?{query.format(alpha=alpha.pk)}")
    assert {row.record.name for row in page.context["table"].rows} == found


def test_the_order_is_in_the_url(people) -> None:
    for name in ("b", "a", "c"):
        ServerFactory(project=people.bob.project, name=name)
    page = client_of(people.bob).get(LIST + "?sort=-name")
    assert [row.record.name for row in page.context["table"].rows] == ["c", "b", "a"]


def test_rows_in_progress_are_asked_for_again_and_only_sent_when_they_changed(people) -> None:
    server = ServerFactory(project=people.bob.project, status="creating")
    client = client_of(people.bob)
    page = client.get(LIST, headers={"HX-Request": "true"})
    assert b'hx-trigger="every 3s"' in page.content
    assert b"<html" not in page.content
    seen = page.context["table"].seen_state
    assert client.get(LIST, headers={"HX-Request": "true", "X-Seen": seen}).status_code == 204
    server.status = "stopped"
    server.save()
    page = client.get(LIST, headers={"HX-Request": "true", "X-Seen": seen})
    assert b"every 3s" not in page.content


def test_a_refused_action_is_shown_with_its_reason(people) -> None:
    server = ServerFactory(project=people.bob.project)
    page = client_of(people.dave).get(server.get_absolute_url()).content.decode()
    assert 'aria-disabled="true"' in page
    assert "read-only" in page
    assert reverse("servers:start", args=[server.pk]) not in page.replace(server.get_absolute_url() + '"', "")


def test_the_page_of_a_server_says_what_it_is(people) -> None:
    server = ServerFactory(project=people.bob.project, status="failed", status_code="no-guest-memory")
    server.status_values = {"needed_mb": 512, "free_mb": 100}
    server.save()
    DiskFactory(server=server, name="system-of-it")
    page = client_of(people.bob).get(server.get_absolute_url()).content.decode()
    for word in (str(server.pk), server.image.name, server.private_ip, server.mac, "system-of-it", "512 MB"):
        assert word in page


# signing in -------------------------------------------------------------------------------------------


KEY, PASSWORD = {"ssh_key": "ssh-ed25519 AAAA"}, {"password_hash": "$6$x"}
ROOT, PLACE = "ssh -p 40022 root@127.0.0.1", "127.0.0.1:40022"
NOT_TOLD = {
    False: "The image has no Cloud-Init, so none of this reaches the server.",
    None: "Whether the image has Cloud-Init is not known. Without it none of this reaches the server:",
}


@pytest.mark.parametrize("login", [KEY, PASSWORD])
def test_its_page_says_how_to_sign_in_as_root_where_that_is_set(people, login) -> None:
    page = _page_of(people, **login)
    assert ROOT in page
    assert "Cloud-Init" not in page


@pytest.mark.parametrize(
    ("login", "cloud_init"),
    [
        (KEY, False),
        (PASSWORD, False),
        (KEY, None),
        (PASSWORD, None),
        ({"user_data": "#!"}, True),
        ({**KEY, "is_temporary": True}, True),
    ],
)
def test_it_promises_no_root_where_others_set_the_login(people, login, cloud_init) -> None:
    page = _page_of(people, cloud_init=cloud_init, **login)
    assert "root@" not in page
    assert PLACE in page
    assert [said in page for said in NOT_TOLD.values()] == [cloud_init is False, cloud_init is None]


def test_a_guest_of_another_host_is_reached_there(people) -> None:
    page = _page_of(people, ssh_host="guests.example", **KEY)
    assert "ssh -p 40022 root@guests.example" in page
    assert "On the host of the service" not in page
    assert "On the host of the service" in _page_of(people, **KEY)


def _page_of(people, *, cloud_init: bool | None = True, **fields) -> str:
    image = ImageFactory(project=people.bob.project, cloud_init=cloud_init)
    server = ServerFactory(
        project=people.bob.project,
        image=image,
        status="running",
        **{"ssh_host": "127.0.0.1", "ssh_port": 40022, **fields},
    )
    Job.objects.create(  # which the server is left to, so that nobody looks for its process
        kind="server.stop", path="imsconsole.cloud.servers.jobs.StopServer", queue="quick",
        project=server.project, subject_kind="server",
        subject_id=server.pk, subject_name=server.name, state="running", lease_until=now(),
    )  # fmt: skip
    return " ".join(client_of(people.bob).get(server.get_absolute_url()).content.decode().split())
