"""Change OS of many servers: the rule, the order, the pages."""

import uuid
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from images.change_os.many.orders import ManyChanges
from images.change_os.rules import OsChange, can_order_change, can_order_changes
from imsconsole.accounts.models import Draft
from imsconsole.audit.models import Event
from imsconsole.cloud.hosts import Host
from imsconsole.cloud.models import Server
from imsconsole.core.project_urls import bare
from imsconsole.engine.types import Capabilities
from imsconsole.jobs.models import Job
from tests import factories
from tests.cloud.conftest import _short_stop, engine  # noqa: F401
from tests.cloud.servers.machines import bootable_image, order, tiny_flavor
from tests.conftest import client_of
from tests.engine.guests import wait_for
from tests.support.workers import run_jobs

LIST, PICK = reverse("servers:list"), reverse("servers-change-os-many")
LOGIN = {"login": "none", "user_data": "#!/bin/sh\n"}
CAPABILITIES = Capabilities(
    architectures=frozenset({"x86"}),
    boot_modes=frozenset({"bios"}),
    accelerator="tcg",
    seeds=frozenset({"nocloud"}),
    memory_mb=4096,
)


def a_server(actor, name="web", **fields) -> Server:
    wanted = {"project": actor.project, "ref": "there", "flavor": tiny_flavor(), **fields}
    server = factories.ServerFactory(name=name, **wanted)
    factories.DiskFactory(server=server, role="system", image=server.image, size_gb=2)
    return server


def an_image(actor, **fields):
    image = factories.ImageFactory(project=actor.project, os_version=None, **{"name": "new-system", **fields})
    factories.ImageDiskFactory(image=image)
    return image


def picked(client, servers) -> str:
    """The page of the order one comes to from the list."""
    return client.post(PICK, {"pick": [server.pk for server in servers]})["Location"]


def confirmed(client, servers, image, **typed) -> str:
    """The page of confirmation one comes to from there."""
    answer = client.post(picked(client, servers), {"action": "confirm", "image": image.pk, **LOGIN, **typed})
    assert answer.status_code == 302, answer.context["form"].errors
    return answer["Location"]


def said(response) -> dict[str, str]:
    return {line.name: line.verdict.code for line in response.context["lines"]}


# ── the rule ────────────────────────────────────────────────────────────────
def test_each_order_is_asked_as_if_those_before_it_had_begun(people) -> None:
    """R122, R137: quota and memory that the first ones take are gone for the last."""
    image = an_image(people.bob)
    servers = [a_server(people.bob, f"web-{n}") for n in range(4)]
    changes = [OsChange(server, image, 2, user_data="#!") for server in servers]
    host = Host(CAPABILITIES, 3 * 64)
    assert [v.code for v in can_order_changes(changes, people.bob, host)] == ["", "", "", "no-guest-memory"]
    people.bob.project.quotas = {"disks": 4 + 2}
    people.bob.project.save()
    assert [v.code for v in can_order_changes(changes, people.bob, host)] == ["", "", *["quota-disks"] * 2]
    changes[0] = replace(changes[0], user_data="")
    refused = ["login-missing", "", "", "quota-disks"]
    assert [v.code for v in can_order_changes(changes, people.bob, host)] == refused, "it takes nothing"


def test_one_of_many_is_asked_what_one_alone_is_asked(people) -> None:
    image = an_image(people.bob, min_disk_gb=3)
    for fields in ({}, {"status": "running"}, {"status": "rebooting"}, {"boot_mode": "uefi"}, {"ref": ""}):
        for change in (
            OsChange(a_server(people.bob, **fields), image, 3, user_data="#!"),
            OsChange(a_server(people.bob, **fields), image, 2, user_data="#!", stop_first=True),
            OsChange(a_server(people.bob, **fields), image, 3, stop_first=True),
        ):
            for actor in (people.bob, people.dave):
                alone = can_order_change(change, actor)
                assert can_order_changes([change], actor) == [alone]


# ── the order ───────────────────────────────────────────────────────────────
def kept_order(actor, servers, image, **typed) -> Draft:
    """As drafts have always been written."""
    listed = [[str(server.pk), server.name] for server in servers]
    login = {"login": "none", "key_pair": "", "password_hash": "", "user_data": "#!"}
    data = {"servers": listed, "outcomes": {}, "image": str(image.pk), "stop_first": False, **login, **typed}
    return Draft.objects.create(wizard="change-os-many", user=actor.user, project=actor.project, data=data)


def change_each(draft, actor) -> str:
    """Send the page of confirmation; the address of the page that tells how each ended."""
    answer = client_of(actor).post(reverse("servers-change-os-many-confirm", args=[draft.pk]))
    assert answer.status_code == 302
    return answer["Location"]


def test_each_server_gets_a_job_or_is_told_why_not(people, engine) -> None:  # noqa: F811
    image = an_image(people.bob, min_disk_gb=3)
    servers = [
        a_server(people.bob, "a-stopped"),
        a_server(people.bob, "b-running", status="running"),
        a_server(people.bob, "c-uefi", boot_mode="uefi"),
        a_server(people.bob, "d-gone"),
        a_server(people.bob, "e-stopped"),
    ]
    draft = kept_order(people.bob, servers, image)
    Server.objects.filter(name="d-gone").update(deleted_at="2026-01-01T00:00Z")
    change_each(draft, people.bob)
    draft.refresh_from_db()
    lines = ManyChanges(draft, people.bob).lines({})
    assert {line.name: line.verdict.code for line in lines} == {
        "a-stopped": "",
        "b-running": "stop-first",
        "c-uefi": "change-boot-mode",
        "d-gone": "not-found",
        "e-stopped": "",
    }
    assert all(line.is_tried for line in lines)
    changing = Server.objects.filter(status="changing-os").order_by("name")
    assert [server.name for server in changing] == ["a-stopped", "e-stopped"]
    assert [server.disks.get(beside=True).size_gb for server in changing] == [3, 3]  # the image's least
    assert Job.objects.live().count() == 2
    assert Event.objects.filter(action="changeOs", user=people.bob.user).count() == 2


def test_an_order_that_was_cut_short_goes_on_and_changes_nothing_twice(people, engine) -> None:  # noqa: F811
    image = an_image(people.bob)
    servers = [a_server(people.bob, f"web-{n}") for n in range(3)]
    draft = kept_order(people.bob, servers, image)
    draft.data["outcomes"] = {str(servers[1].pk): {"code": "", "values": {}}}
    draft.save()
    done = change_each(draft, people.bob)
    assert change_each(draft, people.bob) == done
    assert Job.objects.count() == 2
    assert not Job.objects.about(servers[1].pk).exists()


def test_a_finished_order_keeps_no_login(people, engine) -> None:  # noqa: F811
    password = {"login": "password", "password_hash": "$6$secret"}
    draft = kept_order(people.bob, [a_server(people.bob)], an_image(people.bob), **password)
    change_each(draft, people.bob)
    assert "secret" not in str(Draft.objects.values_list("data", flat=True).get())


@pytest.mark.guest
def test_two_running_servers_become_another_system_by_one_order(people, engine) -> None:  # noqa: F811
    servers = order(people.bob, count=2)
    run_jobs()
    new = bootable_image(people.bob, word="SECOND SYSTEM")
    change_each(kept_order(people.bob, servers, new, stop_first=True), people.bob)
    run_jobs()
    for server in servers:
        server.refresh_from_db()
        assert (server.status, server.image) == ("running", new)
        wait_for(engine, server.ref, "SECOND SYSTEM")


# ── the pages ───────────────────────────────────────────────────────────────
@pytest.mark.slow(reason="a wizard for several servers is filled in")
def test_the_journey_from_the_list_to_the_outcomes(people, engine) -> None:  # noqa: F811
    good = [a_server(people.bob, f"web-{n}") for n in range(4)]
    bad = a_server(people.bob, "web-9", boot_mode="uefi")
    image, client = an_image(people.bob), client_of(people.bob)
    assert f'value="{good[0].pk}" form="picked"' in client.get(LIST).content.decode()
    choose = picked(client, [*good, bad])
    assert "Change OS of 5 servers" in client.get(choose).content.decode()
    drawn = client.post(choose, {"action": "refresh", "image": image.pk}).content.decode()
    assert "4 of 5 can be changed." in drawn
    assert "The server boots by UEFI" in drawn
    confirm = confirmed(client, [*good, bad], image)
    page = client.get(confirm)
    assert said(page) == {**dict.fromkeys([server.name for server in good], ""), "web-9": "change-boot-mode"}
    assert not Job.objects.exists()
    at = client.post(confirm)["Location"]
    done = " ".join(client.get(at).content.decode().split())
    assert "The change of 4 of 5 has begun." in done
    assert "Not changed. The server boots by UEFI" in done
    assert Job.objects.live().count() == 4
    assert client.post(confirm)["Location"] == at
    assert Job.objects.count() == 4
    assert client.get(confirm.removesuffix("confirm/"))["Location"] == at  # too late to choose again


def test_an_order_that_ended_before_there_was_such_a_page_leads_to_how_it_ended(people) -> None:
    server = a_server(people.bob, "changed")
    draft = kept_order(people.bob, [server], an_image(people.bob))
    draft.data = {"servers": draft.data["servers"], "outcomes": {str(server.pk): {"code": "", "values": {}}}}
    draft.save()
    page = client_of(people.bob).get(reverse("servers-change-os-many-confirm", args=[draft.pk]), follow=True)
    assert said(page) == {"changed": ""}
    assert "The change of 1 of 1 has begun." in page.content.decode()


def test_how_an_order_ended_is_not_told_before_it_has_and_to_nobody_else(people) -> None:
    draft = kept_order(people.bob, [a_server(people.bob)], an_image(people.bob))
    done = reverse("servers-change-os-many-done", args=[draft.pk])
    assert bare(client_of(people.bob).get(done)["Location"]) == done.replace("/done/", "/confirm/")
    assert client_of(people.carol).get(done).status_code == 404


def test_running_servers_stay_as_they_are_without_the_box(people, engine) -> None:  # noqa: F811
    servers = [a_server(people.bob, "runs", status="running"), a_server(people.bob, "stands")]
    image, client = an_image(people.bob), client_of(people.bob)
    assert "Stop running servers first" in client.get(picked(client, servers)).content.decode()
    without = client.get(confirmed(client, servers, image))
    assert said(without) == {"runs": "stop-first", "stands": ""}
    withit = client.get(confirmed(client, servers, image, stop_first="on"))
    assert said(withit) == {"runs": "", "stands": ""}
    assert b"they are stopped first" in withit.content


def test_what_fits_no_server_does_not_go_on(people) -> None:
    client, image = client_of(people.bob), an_image(people.bob, boot_mode="uefi")
    answer = client.post(
        picked(client, [a_server(people.bob)]), {"action": "confirm", "image": image.pk, **LOGIN}
    )
    assert answer.status_code == 422
    assert answer.context["form"].errors.as_data()["image"][0].code == "change-boot-mode"
    assert "image" not in Draft.objects.get().data


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"image": "nonsense"}, "image"),
        ({"image": str(uuid.UUID(int=0))}, "image"),
        ({"login": "password", "password": "short", "password_again": "short"}, "password"),
        ({"login": "key"}, "key_pair"),
        ({"user_data": ""}, "user_data"),
        ({"user_data": "x" * 40000}, "user_data"),
    ],
)
def test_what_is_typed_wrong_is_said_at_its_field(people, changes, field) -> None:
    client, image = client_of(people.bob), an_image(people.bob)
    typed = {"action": "confirm", "image": image.pk, **LOGIN, **changes}
    answer = client.post(picked(client, [a_server(people.bob)]), typed)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors


def test_images_say_how_many_servers_they_fit(people) -> None:
    servers = [a_server(people.bob), a_server(people.bob), a_server(people.bob, boot_mode="uefi")]
    for name, fields in {"a-iso": {"type": "iso"}, "b-uefi": {"boot_mode": "uefi"}, "c-bios": {}}.items():
        an_image(people.bob, name=name, **fields)
    client = client_of(people.bob)
    page = client.get(picked(client, servers))
    private = client.post(page.wsgi_request.path, {"action": "refresh", "tab": "private"})
    shown = {c.thing.name: (c.verdict.code, c.note) for c in private.context["form"]["image"].picks}
    assert shown["c-bios"] == ("", "Fits 2 of 3 servers.")
    assert shown["b-uefi"] == ("", "Fits 1 of 3 servers.")
    assert shown["a-iso"] == ("iso-image", "")
    names = [name for name in shown if name in ("a-iso", "b-uefi", "c-bios")]
    assert names == ["c-bios", "b-uefi", "a-iso"]


@pytest.mark.parametrize("words", [[], ["nonsense", "' OR 1=1"], [str(uuid.UUID(int=5))]])
def test_what_is_no_server_of_ours_begins_no_order(people, words) -> None:
    answer = client_of(people.bob).post(PICK, {"pick": words}, follow=True)
    assert bare(answer.redirect_chain[0][0]) == LIST
    assert len(answer.context["messages"]) == 1
    assert not Draft.objects.exists()


def test_somebody_elses_server_is_not_there(people) -> None:
    ours, theirs = a_server(people.bob, "ours"), a_server(people.carol, "secret-theirs")
    answer = client_of(people.bob).post(PICK, {"pick": [ours.pk, theirs.pk]}, follow=True)
    assert said(answer) == {"ours": ""}
    assert b"secret-theirs" not in answer.content
    assert "1 chosen server is not there any more." in answer.content.decode()


def test_at_most_100_servers_are_changed_in_one_go(people) -> None:
    answer = client_of(people.bob).post(PICK, {"pick": [uuid.uuid4() for _ in range(101)]}, follow=True)
    assert "at most 100 servers" in answer.content.decode()


def test_who_only_reads_finds_a_grey_button_and_begins_nothing(people) -> None:
    server, client = a_server(people.bob), client_of(people.dave)
    page = client.get(LIST).content.decode()
    assert f'action="{PICK}"' not in page
    assert "Your role in this project is read-only" in page
    assert client.post(PICK, {"pick": server.pk}).status_code == 409
    assert not Draft.objects.exists()


def test_an_order_is_its_authors_alone(people) -> None:
    confirm = confirmed(client_of(people.bob), [a_server(people.bob)], an_image(people.bob))
    for actor in (people.alice, people.carol):
        for url in (confirm, confirm.removesuffix("confirm/")):
            assert client_of(actor).get(url).status_code == 404
            assert client_of(actor).post(url).status_code == 404
    assert not Job.objects.exists()


def test_who_lost_the_role_meanwhile_is_refused(people) -> None:
    client = client_of(people.bob)
    confirm = confirmed(client, [a_server(people.bob)], an_image(people.bob))
    people.bob.user.memberships.update(role="read-only")
    assert client.post(confirm).status_code == 409
    assert not Job.objects.exists()


def test_an_image_that_is_gone_meanwhile_is_chosen_again(people) -> None:
    client, image = client_of(people.bob), an_image(people.bob)
    confirm = confirmed(client, [a_server(people.bob)], image)
    image.status = "deleted"
    image.save()
    answer = client.get(confirm, follow=True)
    assert "Please choose again." in answer.content.decode()
    assert answer.redirect_chain[-1][0] == confirm.removesuffix("confirm/")


def test_nothing_is_confirmed_before_it_is_chosen(people) -> None:
    client = client_of(people.bob)
    choose = picked(client, [a_server(people.bob)])
    assert client.get(f"{choose}confirm/")["Location"] == choose
    assert client.post(f"{choose}confirm/")["Location"] == choose


@pytest.mark.slow(reason="the queries of a page are counted with few rows and with many")
def test_the_pages_cost_the_same_for_1_and_50_servers(people) -> None:
    client, image = client_of(people.bob), an_image(people.bob)
    image_of_all = factories.ImageFactory(project=people.bob.project)
    many = [a_server(people.bob, f"web-{n}", image=image_of_all) for n in range(50)]
    for page_of in (
        lambda servers: picked(client, servers),
        lambda servers: confirmed(client, servers, image),
    ):
        one, all_ = (_queries(client, page_of(servers)) for servers in (many[:1], many))
        assert all_ == one
        assert one <= 20


def _queries(client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)
