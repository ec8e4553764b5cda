"""A resize survives every death of its worker: the server has the one flavor or the other, and what it takes is counted once."""

import pytest

from images.resize.services import resize_server
from images.verify.store_check import differences
from imsconsole.cloud.models import Flavor, Server
from imsconsole.cloud.servers.jobs import ResizeServer
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import used_by
from tests.cloud.conftest import _short_stop, engine  # noqa: F401
from tests.cloud.servers.machines import bootable_image, order, tiny_flavor
from tests.engine.guests import state_of
from tests.factories import FlavorFactory
from tests.support.workers import kill_at_every_step, run_jobs

pytestmark = [
    pytest.mark.slow(reason="a new worker dies at every point"),
    pytest.mark.guest,
    pytest.mark.django_db(transaction=True),
]


def test_a_resize_of_a_running_server(people, engine) -> None:  # noqa: F811
    (server,) = order(people.bob, bootable_image(people.bob))
    run_jobs()
    flavors = tiny_flavor(), FlavorFactory(name="t6-large-2", series="t6", vcpus=2, memory_mb=96)

    def start() -> Job:
        server.refresh_from_db()
        other = next(flavor for flavor in flavors if flavor != server.flavor)
        resize_server(server, flavor=other, stop_first=True, actor=people.bob)
        return Job.objects.live().about(server.pk).get()

    def check(job: Job) -> None:
        server = Server.objects.get(pk=job.subject_id)
        assert (server.status, server.flavor_id) == ("running", job.args["flavor"]), server.status_sentence
        assert size_of(state_of(engine, server.ref).pid) == server.flavor
        assert server.usage.get(ended_at=None).flavor == server.flavor
        used = {"vcpus": server.flavor.vcpus, "memory_mb": server.flavor.memory_mb}
        assert used_by(people.bob.project, used) == used
        assert list(differences()) == []

    kill_at_every_step(ResizeServer, start, check, undo=False)


def size_of(pid: int | None) -> Flavor:
    """The flavor whose size a guest was started with."""
    with open(f"/proc/{pid}/cmdline", "rb") as line:
        words = line.read().split(b"\0")
    size = {"vcpus": words[words.index(b"-smp") + 1], "memory_mb": words[words.index(b"-m") + 1]}
    return Flavor.objects.get(**{name: int(number) for name, number in size.items()})
