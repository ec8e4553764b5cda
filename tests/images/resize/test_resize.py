"""Resize: rule, service, page."""

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from django.urls import reverse

from images.resize.rules import can_have, can_order_resize, more_of
from images.resize.services import resize_server
from imsconsole.accounts.actor import Operator
from imsconsole.audit.models import Event
from imsconsole.cloud.flavors.services import delete_flavor
from imsconsole.cloud.hosts import Host
from imsconsole.cloud.models import Flavor, Server
from imsconsole.cloud.servers.rules import can_resize
from imsconsole.cloud.servers.services import start_server
from imsconsole.core.errors import NotFound
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from imsconsole.engine.types import Capabilities, Unwatched
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import used_by
from imsconsole.jobs.services import retry_job
from tests.cloud.conftest import _short_stop, engine  # noqa: F401
from tests.cloud.servers.machines import order, running_server
from tests.conftest import HTMX, client_of
from tests.engine.guests import state_of
from tests.factories import FlavorFactory, ImageFactory, OsVersionFactory, PriceFactory, ServerFactory
from tests.support.workers import run_jobs

HOST = Host(
    Capabilities(
        architectures=frozenset({"x86"}),
        boot_modes=frozenset({"bios", "uefi"}),
        resize=True,
        accelerator="tcg",
        memory_mb=4096,
    ),
    512,
)
SIZES = ("vcpus", "memory_mb")


def large(**fields) -> Flavor:
    return FlavorFactory(**{"name": "t6-large-2", "series": "t6", "vcpus": 2, "memory_mb": 128, **fields})


def a_server(actor, **fields) -> Server:
    flavor = FlavorFactory(name="t6-tiny-1", series="t6", memory_mb=64)
    image = ImageFactory(project=actor.project, os_version=None, **fields.pop("image", {}))
    return ServerFactory(
        **{"project": actor.project, "flavor": flavor, "image": image, "ref": "there", **fields}
    )


def page_of(server: Server) -> str:
    return reverse("servers-resize", args=[server.pk])


# ── the rule ────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("stopped", ""),
        ("running", ""),
        ("change-os-failed", ""),
        ("failed", "server-failed"),
        ("creating", "server-busy"),  # R130
        ("resizing", "server-busy"),
        ("deleting", "server-busy"),
    ],
)
def test_the_states_in_which_a_server_is_resized(people, status, code) -> None:
    server = a_server(people.bob, status=status)
    assert can_resize(server, people.bob).code == code
    assert can_resize(server, people.dave).code == "read-only"


@pytest.mark.parametrize(
    ("flavor", "image", "code"),
    [
        ({}, {}, ""),
        ({"name": "t6-tiny-1"}, {}, "same-flavor"),
        ({"hidden": True}, {}, "flavor-hidden"),
        ({"architecture": "arm"}, {}, "fit-architecture"),
        ({"bare_metal": True}, {}, "fit-bare-metal"),  # R108
        ({"memory_mb": 32}, {"min_ram_mb": 64}, "fit-memory-min"),  # R99
        ({"memory_mb": 256}, {"max_ram_mb": 128}, "fit-memory-max"),  # R99
        ({"memory_mb": 8192}, {}, "host-memory"),
    ],
)
def test_the_flavors_that_fit_are_those_that_fit_at_a_launch(people, flavor, image, code) -> None:
    server = a_server(people.bob, image=image)
    assert can_have(server, large(**flavor), people.bob, HOST).code == code


def test_a_system_runs_on_the_series_it_is_made_for(people) -> None:
    server = a_server(people.bob)
    server.image.os_version = OsVersionFactory(name="Other 1 64bit", flavor_series=["s6"])
    assert can_have(server, large(), people.bob, HOST).code == "fit-series"


def test_a_running_server_needs_the_box_that_stops_it_first_and_memory_for_its_start(people) -> None:
    """C12."""
    server = a_server(people.bob, status="running")
    assert can_order_resize(server, large(), people.bob, host=HOST).code == "stop-first"
    assert can_order_resize(server, large(), people.bob, stop_first=True, host=HOST)
    full = replace(HOST, free_memory_mb=63)
    assert can_order_resize(server, large(), people.bob, stop_first=True, host=full).code == "no-guest-memory"
    assert can_order_resize(
        server, large(), people.bob, stop_first=True, host=replace(HOST, free_memory_mb=64)
    )
    without = replace(full, capabilities=replace(HOST.capabilities, accelerator=""))
    assert can_have(server, large(), people.bob, without), "where nothing starts no memory is needed"
    server.status = "stopped"
    assert can_order_resize(server, large(), people.bob, host=full)


@pytest.mark.parametrize(("resource", "limit"), [("vcpus", 1), ("memory_mb", 127)])
def test_what_it_takes_more_must_be_left_of_the_quota(people, resource, limit) -> None:
    server = a_server(people.bob)
    people.bob.project.quotas = {resource: limit}
    people.bob.project.save()
    assert can_have(server, large(), people.bob, HOST).code == f"quota-{resource.replace('_', '-')}"
    assert can_have(server, large(name="less", vcpus=1, memory_mb=32), people.bob, HOST)


def test_a_server_that_gets_less_takes_nothing_though_the_quota_is_passed(people) -> None:
    server = a_server(people.bob)
    people.bob.project.quotas = {"memory_mb": 1}
    people.bob.project.save()
    smaller = large(vcpus=1, memory_mb=32)
    assert more_of(server, smaller) == {}
    assert can_have(server, smaller, people.bob, HOST)


# ── the service ─────────────────────────────────────────────────────────────
@pytest.mark.guest
def test_a_stopped_server_is_resized_and_back(people, engine) -> None:  # noqa: F811
    server, flavor = running_server(people.bob), large()
    former = server.flavor
    engine.stop(server.ref, graceful_s=0, work=Unwatched())
    Server.objects.filter(pk=server.pk).update(status="stopped")

    resized = resize_server(server, flavor=flavor, actor=people.bob)
    assert (resized.status, resized.flavor) == ("resizing", former)
    assert used_by(people.bob.project, SIZES) == {"vcpus": 2, "memory_mb": 128}
    run_jobs()

    server.refresh_from_db()
    assert (server.status, server.status_code, server.flavor) == ("stopped", "", flavor)
    assert used_by(people.bob.project, SIZES) == {"vcpus": 2, "memory_mb": 128}
    assert server.usage.get(ended_at=None).flavor == flavor
    assert Event.objects.filter(action="resizeServer", resource_id=str(server.pk)).count() == 1
    start_server(server, actor=people.bob)
    run_jobs()
    pid = state_of(engine, server.ref).pid
    assert b"\0-smp\0002\0-m\000128\0" in Path(f"/proc/{pid}/cmdline").read_bytes()

    server.refresh_from_db()
    resize_server(server, flavor=former, stop_first=True, actor=people.bob)
    run_jobs()
    server.refresh_from_db()
    assert (server.status, server.flavor) == ("running", former)
    assert used_by(people.bob.project, SIZES) == {"vcpus": 1, "memory_mb": 64}


def test_nobody_resizes_the_server_of_another_account(people) -> None:
    with pytest.raises(NotFound):
        resize_server(a_server(people.bob), flavor=large(), actor=people.carol)


def test_of_two_orders_at_the_same_server_one_wins(people) -> None:
    server, flavor = a_server(people.bob), large()
    resize_server(server, flavor=flavor, actor=people.bob)
    with pytest.raises(Refused, match="server-busy"):
        resize_server(server, flavor=flavor, actor=people.alice)


def test_a_flavor_that_vanished_is_named(people) -> None:
    flavor = large()
    Flavor.objects.filter(pk=flavor.pk).delete()
    with pytest.raises(NotFound, match="flavor-gone"):
        resize_server(a_server(people.bob), flavor=flavor, actor=people.bob)


def test_a_flavor_that_vanishes_before_the_job_leaves_the_former_one(people, engine, operator) -> None:  # noqa: F811
    (server,), flavor = order(people.bob), large()
    Server.objects.filter(pk=server.pk).update(status="stopped", ref="there")
    Job.objects.all().delete()
    former = server.flavor
    resize_server(server, flavor=flavor, actor=people.bob)
    delete_flavor(flavor=flavor, actor=Operator(operator))
    run_jobs()
    server.refresh_from_db()
    assert (server.status, server.status_code, server.flavor) == ("stopped", "flavor-gone", former)
    assert used_by(people.bob.project, SIZES) == {"vcpus": 1, "memory_mb": 64}


def test_a_server_whose_files_are_gone_keeps_its_flavor_and_can_be_tried_again(people, engine) -> None:  # noqa: F811
    server, flavor = a_server(people.bob, ref=str(uuid4())), large()
    resize_server(server, flavor=flavor, actor=people.bob)
    run_jobs()
    server.refresh_from_db()
    assert (server.status, server.status_code, server.flavor_id) == ("stopped", "no-such-bytes", "t6-tiny-1")
    job = retry_job(Job.objects.get(), actor=people.bob)
    server.refresh_from_db()
    assert server.status == "resizing"
    assert used_by(people.bob.project, SIZES) == {"vcpus": 2, "memory_mb": 128}
    assert job.reservations.count() == 2


@pytest.mark.guest
def test_a_start_that_fails_gives_the_former_flavor_back(people, engine, settings) -> None:  # noqa: F811
    server, flavor = running_server(people.bob), large()
    former = server.flavor
    resize_server(server, flavor=flavor, stop_first=True, actor=people.bob)
    engine._machines._memory_mb, kept = 100, engine._machines._memory_mb
    try:
        run_jobs()
    finally:
        engine._machines._memory_mb = kept
    server.refresh_from_db()
    assert (server.status, server.status_code, server.flavor) == ("stopped", "no-guest-memory", former)
    assert used_by(people.bob.project, SIZES) == {"vcpus": 1, "memory_mb": 64}


# ── the page ────────────────────────────────────────────────────────────────
def test_the_page_shows_every_flavor_with_its_reason_and_takes_the_order(people, engine) -> None:  # noqa: F811
    server, flavor = a_server(people.bob), large()
    FlavorFactory(name="t6-arm-1", series="t6", architecture="arm")
    FlavorFactory(name="t6-hidden-1", series="t6", hidden=True)
    client = client_of(people.bob)
    page = client.get(page_of(server)).content.decode()
    assert "The server has this flavor." in page
    assert "The image is made for x86" in page
    assert "t6-hidden-1" not in page

    summary = client.post(
        page_of(server), {"flavor": flavor.pk, "action": "refresh"}, headers={**HTMX, "HX-Target": "summary"}
    )
    assert "1 → 2 of" in summary.content.decode()
    assert "<form" not in summary.content.decode()
    assert not Job.objects.exists()

    answer = client.post(page_of(server), {"flavor": flavor.pk})
    assert bare(answer["Location"]) == server.get_absolute_url()
    assert Job.objects.about(server.pk).get().args == {
        "flavor": "t6-large-2", "former": "t6-tiny-1", "starts": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({}, "This field is required."),
        ({"flavor": "t6-tiny-1"}, "The server has this flavor."),
        ({"flavor": "t6-arm-1"}, "The image is made for x86"),
        ({"flavor": "t6-hidden-1"}, "This flavor is not offered any more."),
        ({"flavor": "vanished"}, "Select a valid choice."),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(people, typed, sentence) -> None:
    server = a_server(people.bob)
    large()
    FlavorFactory(name="t6-arm-1", series="t6", architecture="arm")
    FlavorFactory(name="t6-hidden-1", series="t6", hidden=True)
    answer = client_of(people.bob).post(page_of(server), typed)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Job.objects.exists()


def test_a_running_server_is_asked_for_the_box(people) -> None:
    server, flavor = a_server(people.bob, status="running"), large()
    client = client_of(people.bob)
    assert "Stop the server first" in client.get(page_of(server)).content.decode()
    assert client.post(page_of(server), {"flavor": flavor.pk}).status_code == 422
    assert client.post(page_of(server), {"flavor": flavor.pk, "stop_first": "on"}).status_code == 302


def test_only_those_who_write_order_and_strangers_find_nothing(people) -> None:
    server, flavor = a_server(people.bob), large()
    for actor, status in ((people.dave, 409), (people.carol, 404), (None, 302)):
        assert client_of(actor).post(page_of(server), {"flavor": flavor.pk}).status_code == status
    assert client_of(people.dave).get(page_of(server)).status_code == 200
    assert client_of(people.carol).get(page_of(server)).status_code == 404
    assert not Job.objects.exists()


def test_the_former_flavor_is_marked_and_the_price_follows_the_choice(people, engine) -> None:  # noqa: F811
    server, flavor = a_server(people.bob), large()
    PriceFactory(of="flavor", listing=None, flavor=flavor, amount="0.50")
    PriceFactory(of="flavor", listing=None, flavor=server.flavor, amount="0.20")
    Job.objects.create(
        kind="server.resize", path="x", queue="quick", project=server.project, subject_kind="server",
        subject_id=server.pk, subject_name="x", state="done", args={"former": flavor.pk},
    )  # fmt: skip
    page = client_of(people.bob).get(page_of(server), {"flavor": flavor.pk}).content.decode()
    assert page.count('badge text-bg-secondary">former<') == 1
    assert "0.20" in page
    assert "0.50" in page
