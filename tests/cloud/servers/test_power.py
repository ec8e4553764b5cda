"""Start, stop and restart: rules, services, pages."""

import pytest
from django.urls import reverse

from imsconsole.audit.models import Event
from imsconsole.cloud.hosts import Host
from imsconsole.cloud.models import Server
from imsconsole.cloud.servers.rules import can_reboot, can_start, can_stop
from imsconsole.cloud.servers.services import reboot_server, start_server, stop_server
from imsconsole.core.errors import Conflict, NotFound
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from imsconsole.engine.types import Capabilities
from imsconsole.jobs.models import Job
from tests.cloud.servers.machines import running_server
from tests.conftest import client_of
from tests.engine.guests import wait_for
from tests.factories import ServerFactory
from tests.support.workers import run_jobs

HOST = Host(Capabilities(accelerator="tcg", memory_mb=1024), 1024)
IN_PROGRESS = ("creating", "starting", "stopping", "rebooting", "deleting")


@pytest.mark.parametrize(
    ("status", "start", "stop"),
    [
        ("stopped", "", "server-not-running"),
        ("running", "already-running", ""),
        ("failed", "server-failed", "server-failed"),
        *((status, "server-busy", "server-busy") for status in IN_PROGRESS),  # R130
    ],
)
def test_the_state_decides_who_may_start_stop_and_restart(people, status, start, stop) -> None:
    server = ServerFactory(project=people.bob.project, status=status)
    assert can_start(server, people.bob, HOST).code == start
    assert can_stop(server, people.bob).code == stop
    assert can_reboot(server, people.bob).code == stop


def test_who_only_reads_changes_no_power(people) -> None:
    server = ServerFactory(project=people.dave.project)
    for rule in (can_start, can_stop, can_reboot):
        assert rule(server, people.dave).code == "read-only"


def test_starting_is_refused_when_the_memory_does_not_fit(people) -> None:
    server = ServerFactory(project=people.bob.project)
    verdict = can_start(server, people.bob, Host(HOST.capabilities, 255))
    assert verdict.code == "no-guest-memory"
    assert "256 MB" in str(verdict.reason)


def test_starting_without_qemu_names_the_missing_package(people) -> None:
    server = ServerFactory(project=people.bob.project)
    without = Host(Capabilities(missing=("qemu-system-x86",)), 1024)
    assert "qemu-system-x86" in str(can_start(server, people.bob, without).reason)


def test_memory_of_all_projects_of_the_region_counts(people, settings) -> None:
    ServerFactory(project=people.carol.project, status="running")
    server = ServerFactory(project=people.bob.project)
    from imsconsole.cloud import hosts

    host = hosts.host_of(people.bob.region)
    assert host.free_memory_mb == host.capabilities.memory_mb - 256
    assert can_start(server, people.bob, host)


def test_two_at_once_cannot_both_have_the_server(people, engine) -> None:
    server = ServerFactory(project=people.bob.project)
    start_server(server, actor=people.bob)
    with pytest.raises(Refused, match="server-busy"):
        start_server(server, actor=people.alice)
    Server.objects.update(status="stopped")
    with pytest.raises(Conflict, match="subject-busy"):
        start_server(server, actor=people.alice)


def test_nobody_changes_the_server_of_another_account(people) -> None:
    server = ServerFactory(project=people.bob.project)
    with pytest.raises(NotFound):
        start_server(server, actor=people.carol)


@pytest.mark.guest
def test_a_guest_is_stopped_started_and_restarted(people, engine) -> None:
    server = running_server(people.bob)
    wait_for(engine, server.ref, "TINY GUEST")
    assert server.ssh_port
    stop_server(server, actor=people.bob)
    run_jobs()
    server.refresh_from_db()
    assert (server.status, server.status_code, server.ssh_port) == ("stopped", "", None)
    assert engine.server_state(server.ref).power == "stopped"
    start_server(server, actor=people.bob)
    run_jobs()
    wait_for(engine, server.ref, "TINY GUEST", times=2)
    reboot_server(server, actor=people.bob)
    run_jobs()
    wait_for(engine, server.ref, "TINY GUEST", times=3)
    server.refresh_from_db()
    assert server.status == "running"
    names = set(Event.objects.filter(resource_id=str(server.pk)).values_list("action", flat=True))
    assert names >= {"createServer", "startServer", "stopServer", "rebootServer"}


@pytest.mark.guest
def test_a_start_that_fails_leaves_the_server_stopped_and_says_why(people, engine) -> None:
    server = running_server(people.bob)
    stop_server(server, actor=people.bob)
    run_jobs()
    engine.delete_server(server.ref)
    server.refresh_from_db()
    start_server(server, actor=people.bob)
    run_jobs()
    server.refresh_from_db()
    assert server.status == "stopped"
    assert server.status_code == Job.objects.filter(kind="server.start").get().error_code
    assert server.status_sentence


def test_the_buttons_start_the_work_and_go_back(people) -> None:
    server = ServerFactory(project=people.bob.project)
    client = client_of(people.bob)
    response = client.post(reverse("servers:start", args=[server.pk]))
    assert response.status_code == 302
    assert bare(response["Location"]) == server.get_absolute_url()
    assert Job.objects.about(server.pk).get().kind == "server.start"
    again = client.post(reverse("servers:stop", args=[server.pk]))
    assert again.status_code == 409
    assert Event.objects.filter(code="server-busy").exists()


@pytest.mark.parametrize("name", ["start", "stop", "reboot"])
def test_power_changes_only_by_post_and_only_for_those_who_write(people, name) -> None:
    server = ServerFactory(project=people.bob.project)
    url = reverse(f"servers:{name}", args=[server.pk])
    assert client_of(people.bob).get(url).status_code == 405
    assert client_of(people.dave).post(url).status_code == 409
    assert client_of(people.carol).post(url).status_code == 404
    assert client_of(None).post(url).status_code == 302
    server.refresh_from_db()
    assert server.status == "stopped"
