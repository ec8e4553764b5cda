"""Start, stop and restart: rules, services, pages."""

import pytest
from django.urls import reverse

from imsconsole.audit.models import Event
from imsconsole.cloud.hosts import Host
from imsconsole.cloud.models import Server
from imsconsole.cloud.servers.rules import (
    can_force_off,
    can_force_reboot,
    can_open_screen,
    can_reboot,
    can_start,
    can_stop,
)
from imsconsole.cloud.servers.services import (
    force_off_server,
    force_reboot_server,
    reboot_server,
    start_server,
    stop_server,
)
from imsconsole.core.errors import Conflict, NotFound
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from imsconsole.engine.types import Capabilities, Unwatched
from imsconsole.jobs.models import Job
from tests.cloud.servers.machines import running_server
from tests.conftest import client_of
from tests.engine.guests import state_of, wait_for
from tests.factories import ServerFactory
from tests.support.workers import nursery, run_jobs, until

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


@pytest.mark.parametrize("status", Server.Status.values)
def test_what_is_being_stopped_can_be_forced_off_and_what_is_being_restarted_forced_to(
    people, status
) -> None:
    server = ServerFactory(project=people.bob.project, status=status)
    assert bool(can_force_off(server, people.bob)) == (status in ("running", "stopping"))
    assert bool(can_force_reboot(server, people.bob)) == (status in ("running", "rebooting"))


def test_who_only_reads_changes_no_power(people) -> None:
    server = ServerFactory(project=people.dave.project)
    for rule in (can_start, can_stop, can_reboot, can_force_off, can_force_reboot):
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
    Server.objects.update(status="stopping")
    with pytest.raises(Refused, match="server-busy"):
        force_off_server(server, actor=people.alice)


@pytest.mark.parametrize(
    ("begin", "force"), [(stop_server, force_off_server), (reboot_server, force_reboot_server)]
)
def test_work_that_waits_for_a_system_is_forced_and_not_begun_again(people, begin, force) -> None:
    server = ServerFactory(project=people.bob.project, status="running")
    begin(server, actor=people.bob)
    force(server, actor=people.alice)
    assert Job.objects.get().args["is_forced"]


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
    assert state_of(engine, server.ref).power == "stopped"
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
    engine.delete_server(server.ref, work=Unwatched())
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


@pytest.mark.parametrize("name", ["start", "stop", "reboot", "force-off", "force-reboot"])
def test_power_changes_only_by_post_and_only_for_those_who_write(people, name) -> None:
    server = ServerFactory(project=people.bob.project)
    url = reverse(f"servers:{name}", args=[server.pk])
    assert client_of(people.bob).get(url).status_code == (405 if name == "start" else 200)
    assert client_of(people.dave).post(url).status_code == 409
    assert client_of(people.carol).post(url).status_code == 404
    assert client_of(None).post(url).status_code == 302
    server.refresh_from_db()
    assert server.status == "stopped"


@pytest.mark.parametrize(
    ("name", "asked", "status", "kind"),
    [
        ("stop", "Stop “web”?", "stopping", "server.stop"),
        ("reboot", "Restart “web”?", "rebooting", "server.reboot"),
        ("force-off", "Force “web” off?", "stopping", "server.stop"),
        ("force-reboot", "Force “web” to restart?", "rebooting", "server.reboot"),
    ],
)
def test_what_ends_a_running_system_asks_first_and_names_the_server(
    people, name, asked, status, kind
) -> None:
    server = ServerFactory(project=people.bob.project, name="web", status="running")
    client, url = client_of(people.bob), reverse(f"servers:{name}", args=[server.pk])

    page = client.get(url)
    assert asked in page.content.decode()
    assert not Job.objects.exists()
    answer = client.post(url, headers={"Referer": f"http://testserver{page.wsgi_request.get_full_path()}"})

    assert bare(answer["Location"]) == server.get_absolute_url()
    server.refresh_from_db()
    assert server.status == status
    job = Job.objects.get()
    assert (job.kind, job.args.get("is_forced", False)) == (kind, name in ("force-off", "force-reboot"))


def test_the_answer_in_a_dialog_leads_back_to_where_it_was(people) -> None:
    server = ServerFactory(project=people.bob.project, status="running")
    answer = client_of(people.bob).post(
        reverse("servers:stop", args=[server.pk]), headers={"Referer": "http://testserver/p/x/servers/?q=web"}
    )
    assert answer["Location"] == "http://testserver/p/x/servers/?q=web"


@pytest.mark.parametrize(
    ("name", "allowed", "kept"),
    [
        ("start", "stopped", "running"),
        ("stop", "running", "stopped"),
        ("reboot", "running", "stopped"),
        ("force-off", "stopping", "stopped"),
        ("force-reboot", "rebooting", "stopped"),
    ],
)
def test_several_are_asked_for_by_name_and_who_cannot_stays_as_it_is(people, name, allowed, kept) -> None:
    servers = [
        ServerFactory(project=people.bob.project, name=f"can-{number}", status="stopped") for number in (1, 2)
    ]
    if allowed in ("stopping", "rebooting"):
        Server.objects.update(status="running")
        for server in servers:
            (stop_server if allowed == "stopping" else reboot_server)(server, actor=people.bob)
    Server.objects.update(status=allowed)
    other = ServerFactory(project=people.bob.project, name="cannot", status=kept)
    foreign = ServerFactory(project=people.carol.project, name="foreign", status=allowed)
    client, url = client_of(people.bob), reverse(f"servers:{name}-several")
    ticked = ",".join(str(server.pk) for server in (*servers, other, foreign))

    page = client.get(url, {"pick": ticked, "state": "q=c"}).content.decode()
    assert [name in page for name in ("can-1", "can-2", "cannot", "foreign")] == [True, True, True, False]
    answer = client.post(url, {"pick": ticked, "state": "q=c", "confirm": "1"})

    assert bare(answer["Location"]) == "/servers/?q=c"
    assert Job.objects.live().count() == 2
    assert not Job.objects.live().exclude(subject_id__in=[server.pk for server in servers]).exists()
    other.refresh_from_db()
    foreign.refresh_from_db()
    assert (other.status, foreign.status) == (kept, allowed)


def test_who_ticked_nothing_reads_that(people) -> None:
    answer = client_of(people.bob).post(reverse("servers:stop-several"), {"confirm": "1"}, follow=True)
    assert "No server is selected." in answer.content.decode()


@pytest.mark.parametrize("status", ["running", "stopping", "rebooting"])
def test_its_screen_stays_while_a_guest_shuts_down(people, status) -> None:
    server = ServerFactory(project=people.bob.project, status=status)
    assert can_open_screen(server, people.bob)
    page = client_of(people.bob).get(reverse("servers:screen", args=[server.pk])).content.decode()
    assert 'hx-trigger="every 3s"' in page


@pytest.mark.guest
@pytest.mark.slow(reason="a real worker waits for a guest that does not power off")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("begin", "force", "status", "times"),
    [(stop_server, force_off_server, "stopped", 1), (reboot_server, force_reboot_server, "running", 2)],
)
def test_a_system_that_does_not_shut_down_is_not_waited_for(
    people, engine, monkeypatch, begin, force, status, times
) -> None:
    monkeypatch.setenv("IMS_STOP_TIMEOUT_S", "3600")
    server = running_server(people.bob)
    wait_for(engine, server.ref, "TINY GUEST")
    begin(server, actor=people.bob)
    with nursery() as workers:
        worker = workers.start_worker()
        until(lambda: Job.objects.filter(state="running").exists(), "it waits for the guest")
        assert state_of(engine, server.ref).power == "running"

        force(server, actor=people.bob)

        assert worker.wait() == 0
    server.refresh_from_db()
    assert server.status == status
    wait_for(engine, server.ref, "TINY GUEST", times=times)
    assert Job.objects.exclude(kind="server.create").get().state == "done"
    assert Event.objects.filter(
        action=f"{'forceOff' if status == 'stopped' else 'forceReboot'}Server"
    ).exists()
