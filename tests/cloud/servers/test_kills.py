"""Start, stop, restart and delete survive every death of their worker."""

from collections.abc import Callable

import pytest

from imsconsole.cloud.models import Server
from imsconsole.cloud.servers.jobs import DeleteServer, RebootServer, StartServer, StopServer
from imsconsole.cloud.servers.services import delete_server, reboot_server, start_server, stop_server
from imsconsole.engine.types import Power
from imsconsole.jobs.models import Job
from tests.cloud.servers.machines import bootable_image, files_of, order
from tests.engine.guests import state_of
from tests.support.workers import kill_at_every_step, run_jobs

pytestmark = [
    pytest.mark.slow(reason="a new worker dies at every point"),
    pytest.mark.guest,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("on_each_engine"),
]


def attempts(people, begin, verb, check) -> tuple[Callable[[], Job], Callable[[Job], None]]:
    """One server for all of them: brought into the state `begin`, then the job of `verb`; and what is checked."""
    (server,) = order(people.bob, bootable_image(people.bob))
    run_jobs()

    def start() -> Job:
        server.refresh_from_db()
        if server.status != begin:
            (start_server if begin == "running" else stop_server)(server, actor=people.bob)
            run_jobs()
        verb(server, actor=people.bob)
        return Job.objects.live().about(server.pk).get()

    def check_ended(job: Job) -> None:
        server.refresh_from_db()
        assert server.usage.filter(ended_at=None).count() == 1
        check(server)

    return start, check_ended


def test_a_start(people, engine) -> None:
    def check(server: Server) -> None:
        state = state_of(engine, server.ref)
        assert (server.status, state.power) == ("running", Power.RUNNING)
        assert (server.ssh_host, server.ssh_port) == (state.ssh.host, state.ssh.port)

    kill_at_every_step(StartServer, *attempts(people, "stopped", start_server, check), undo=False)


def test_a_stop(people, engine) -> None:
    def check(server: Server) -> None:
        assert (server.status, state_of(engine, server.ref).power) == ("stopped", Power.STOPPED)

    kill_at_every_step(StopServer, *attempts(people, "running", stop_server, check), undo=False)


def test_a_restart(people, engine) -> None:
    def check(server: Server) -> None:
        assert (server.status, state_of(engine, server.ref).power) == ("running", Power.RUNNING)

    kill_at_every_step(RebootServer, *attempts(people, "running", reboot_server, check), undo=False)


def test_a_deletion(people, engine) -> None:
    image = bootable_image(people.bob)

    def start() -> Job:
        (server,) = order(people.bob, image, data_disks_gb=(1,))
        run_jobs()
        delete_server(server, delete_disks=True, actor=people.bob)
        return Job.objects.live().about(server.pk).get()

    def check(job: Job) -> None:
        server = Server.objects.get(pk=job.subject_id)
        assert server.status == "deleted"
        assert set(server.disks.values_list("status", flat=True)) == {"deleted"}
        assert not server.usage.filter(ended_at=None).exists()
        assert files_of(server) == []

    kill_at_every_step(DeleteServer, start, check, undo=False)
