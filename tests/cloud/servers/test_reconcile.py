"""A server's state is what its process does."""

import os
import signal
from dataclasses import replace
from types import SimpleNamespace

import pytest
from django.utils.translation import override

from imsconsole.cloud.hosts import ask_hosts
from imsconsole.cloud.models import Server
from imsconsole.cloud.screens.lookout import look_at, wanted_servers
from imsconsole.cloud.servers import reconcile
from imsconsole.cloud.servers.clock import PERIODIC
from imsconsole.cloud.servers.services import set_auto_start
from imsconsole.core.errors import Unavailable
from imsconsole.core.now import now
from imsconsole.engine.types import Power, ServerState, Unwatched
from imsconsole.jobs.models import Job
from tests.cloud.servers.machines import bootable_image, order, running_server
from tests.conftest import client_of
from tests.engine.guests import state_of
from tests.factories import ProjectFactory, RegionFactory, ServerFactory
from tests.support.engines import UnreachableEngine, engine_of_region
from tests.support.workers import run_jobs, until

pytestmark = pytest.mark.guest


def test_a_guest_that_ended_itself_is_shown_stopped_with_reason_and_time(people, engine) -> None:
    (server,) = order(people.bob, bootable_image(people.bob, end="reset"))
    run_jobs()  # it says its word, then resets; our guests restart, so its QEMU is told to quit below
    server.refresh_from_db()
    before = server.status_since
    from imsconsole.engine.local.qmp import qmp

    with qmp(engine._store.server(server.ref)) as talk:  # what a guest does that powers itself off
        talk.command("quit")
    until(lambda: state_of(engine, server.ref).power is Power.STOPPED, "the guest ended")
    reconcile.reconcile_all()
    server.refresh_from_db()
    assert server.status == "stopped"
    assert server.status_code == "guest-shutdown"
    assert server.status_sentence
    assert server.status_since >= before
    assert server.ssh_port is None
    assert [usage.state for usage in server.usage.all()] == ["running", "stopped"]


def test_a_killed_qemu_is_noticed_on_the_servers_page(people, engine) -> None:
    server = running_server(people.bob)
    os.kill(state_of(engine, server.ref).pid, signal.SIGKILL)
    until(lambda: state_of(engine, server.ref).power is Power.STOPPED, "the process is gone")
    client = client_of(people.dave)
    client.get(server.get_absolute_url())
    (seen,) = wanted_servers()
    look_at(seen)
    server.refresh_from_db()
    assert (server.status, server.status_code) == ("stopped", "killed")
    assert "ended from outside" in client.get(server.get_absolute_url()).content.decode()


def test_a_guest_somebody_started_behind_our_back_is_running(people, engine) -> None:
    server = running_server(people.bob)
    Server.objects.filter(pk=server.pk).update(status="stopped", ssh_port=None)
    reconcile.reconcile_all()
    port = server.ssh_port
    server.refresh_from_db()
    assert (server.status, server.ssh_port) == ("running", port)


def test_a_server_whose_files_are_gone_says_so(people, engine) -> None:
    server = running_server(people.bob)
    engine.delete_server(server.ref, work=Unwatched())
    reconcile.reconcile_all()
    server.refresh_from_db()
    assert (server.status, server.status_code) == ("stopped", "machine-missing")


def test_a_server_with_a_job_on_it_belongs_to_the_job(people, engine) -> None:
    server = running_server(people.bob)
    engine.delete_server(server.ref, work=Unwatched())
    Job.objects.filter(subject_id=server.pk).update(state="running", finished_at=None)
    reconcile.reconcile_all()
    server.refresh_from_db()
    assert server.status == "running"


def test_what_moved_on_since_it_was_read_is_not_overwritten(people, engine) -> None:
    server = running_server(people.bob)
    seen = Server.objects.get(pk=server.pk)
    Server.objects.filter(pk=server.pk).update(status_since=now())
    assert not reconcile._write(seen, ServerState(Power.STOPPED, "killed"))


@pytest.mark.parametrize("auto_start", [True, False])
def test_a_rebooted_host_starts_again_what_starts_with_it(people, engine, auto_start) -> None:
    server = running_server(people.bob)
    set_auto_start(server, auto_start=auto_start, actor=people.bob)
    engine.stop(server.ref, graceful_s=0, work=Unwatched())
    from imsconsole.engine.local.state import read_state, write_state

    folder = engine._store.server(server.ref)
    write_state(folder, replace(read_state(folder), running=True, boot_id="the boot before this one"))
    reconcile.reconcile_all()
    server.refresh_from_db()
    if auto_start:
        assert server.status == "starting"
        run_jobs()
        server.refresh_from_db()
        assert server.status == "running"
    else:
        assert (server.status, server.status_code) == ("stopped", "host-rebooted")


def test_why_a_server_was_not_started_again_is_told_in_the_reader_s_language(
    people, engine, monkeypatch
) -> None:
    server = running_server(people.bob)
    set_auto_start(server, auto_start=True, actor=people.bob)
    engine.stop(server.ref, graceful_s=0, work=Unwatched())
    from imsconsole.engine.local.state import read_state, write_state

    folder = engine._store.server(server.ref)
    write_state(folder, replace(read_state(folder), running=True, boot_id="the boot before this one"))
    monkeypatch.setattr(engine, "_memory_mb", 1)
    ask_hosts()
    with override("zh-hans"):  # the clock's, whatever that is
        reconcile.reconcile_all()
    server.refresh_from_db()
    assert (server.status, server.status_code) == ("stopped", "no-guest-memory")
    assert "64 MB, and 1 MB are free" in server.status_sentence
    with override("zh-hans"):
        assert "内存" in server.status_sentence


def test_a_server_that_is_said_to_be_worked_on_but_is_not_is_brought_back(people) -> None:
    server = ServerFactory(project=people.bob.project, status="creating")
    reconcile.reconcile_server(server)
    server.refresh_from_db()
    assert server.status == "failed"


def test_the_clock_reconciles(people) -> None:
    assert ("cloud.reconcile", reconcile.reconcile_all) in [
        (entry.name, entry.function) for entry in PERIODIC
    ]


def test_a_region_is_asked_for_all_its_servers_at_once_and_one_that_is_silent_keeps_no_other_waiting(
    people,
) -> None:
    far = ProjectFactory(account=people.bob.account, region=RegionFactory(code="aa-far-1"), name="far")
    servers = [ServerFactory(project=people.bob.project, status="running", ref=ref) for ref in ("one", "two")]
    lost = ServerFactory(project=far, status="running", ref="lost")  # the latest is asked for first
    calls = []

    def states(refs) -> dict[str, ServerState]:
        calls.append(set(refs))
        return {"one": ServerState(Power.STOPPED, "killed")}  # of the other nothing can be told now

    with (
        engine_of_region(people.bob.region.code, SimpleNamespace(states=states)),
        engine_of_region("aa-far-1", UnreachableEngine()),
        pytest.raises(Unavailable),
    ):
        reconcile.reconcile_all()
    assert calls == [{"one", "two"}]
    for server in (lost, *servers):
        server.refresh_from_db()
    assert [server.status for server in (lost, *servers)] == ["running", "stopped", "running"]
