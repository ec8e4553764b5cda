"""Whenever a worker dies, the row of a disk and the machine agree in the end."""

import pytest

from images.verify.store_check import differences
from imsconsole.cloud.disks.jobs import AttachDisk, CreateDisk, DeleteDisk, DetachDisk, GrowDisk
from imsconsole.cloud.disks.services import attach_disk, create_disk, delete_disk, detach_disk, grow_disk
from imsconsole.cloud.models import Disk
from imsconsole.cloud.servers.services import start_server, stop_server
from imsconsole.jobs.models import Job
from tests.cloud.disks.disks import blank_disk
from tests.cloud.disks.test_attach import has
from tests.cloud.disks.test_grow import size_on_disk
from tests.cloud.servers.machines import bootable_image, order
from tests.support.engines import only
from tests.support.workers import kill_at_every_step, run_jobs

pytestmark = [
    pytest.mark.slow(reason="a new worker dies at every point"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("on_each_engine"),
]


def disk_of(job: Job) -> Disk:
    return Disk.objects.get(pk=job.args["disk_id"])


@pytest.fixture
def server(people, engine):
    (server,) = order(people.bob, bootable_image(people.bob))
    run_jobs()
    server.refresh_from_db()
    return server


def assert_usage_follows(server) -> None:
    sizes = server.disks.attached().values_list("size_gb", flat=True)
    assert server.usage.get(ended_at=None).disk_gb == sum(sizes)


def test_a_creation(people, engine):
    def start() -> Job:
        zone = people.bob.region.zones.first()
        disk = create_disk(name="data", size_gb=1, zone=zone, actor=people.bob)
        return Job.objects.live().about(disk.pk).get()

    def check(job: Job) -> None:
        disk = disk_of(job)
        assert disk.status == ("available" if job.state == "done" else "failed")
        assert bool(disk.ref) == (job.state == "done")
        assert list(differences()) == []

    kill_at_every_step(CreateDisk, start, check)


def test_a_deletion(people, engine):
    def start() -> Job:
        disk = delete_disk(blank_disk(people.bob), actor=people.bob)
        return Job.objects.live().about(disk.pk).get()

    def check(job: Job) -> None:
        disk = disk_of(job)
        assert (disk.status, disk.ref) == ("deleted", "")
        assert engine.inventory().disks == frozenset()
        assert list(differences()) == []

    kill_at_every_step(DeleteDisk, start, check, undo=False)


def bring(server, actor, status: str) -> None:
    """Into that state."""
    server.refresh_from_db()
    if server.status != status:
        (start_server if status == "running" else stop_server)(server, actor=actor)
        run_jobs()
        server.refresh_from_db()


def clear(server, actor) -> None:
    """Stop it and take its data disks away: the tests' guests let go of none."""
    bring(server, actor, "stopped")
    for disk in server.disks.attached().filter(role="data"):
        detach_disk(disk, actor=actor)
        run_jobs()


@pytest.mark.guest
def test_an_attachment_to_a_running_server(people, engine, server):
    def start() -> Job:
        if server.disks.attached().count() > 6:
            clear(server, people.bob)
        bring(server, people.bob, "running")
        attach_disk(blank_disk(people.bob), server=server, actor=people.bob)
        return Job.objects.live().about(server.pk).get()

    def check(job: Job) -> None:
        disk = disk_of(job)
        assert (disk.status, has(engine, server, disk)) == ("in-use", True)
        assert_usage_follows(server)
        assert list(differences()) == []

    kill_at_every_step(AttachDisk, start, check, undo=False)


@pytest.mark.guest
def test_a_detachment(people, engine, server):
    def start() -> Job:
        bring(server, people.bob, "stopped")
        disk = attach_disk(blank_disk(people.bob), server=server, actor=people.bob)
        run_jobs()
        detach_disk(disk, actor=people.bob)
        return Job.objects.live().about(server.pk).get()

    def check(job: Job) -> None:
        disk = disk_of(job)
        assert (disk.status, disk.server, disk.index) == ("available", None, 0)
        assert_usage_follows(server)
        assert list(differences()) == []

    kill_at_every_step(DetachDisk, start, check, undo=False)


@pytest.mark.guest
@only("local")  # grow_in_use
def test_an_expansion_of_a_running_servers_disk(people, engine, server):
    def start() -> Job:
        disk = server.disks.attached().get(role="system")
        grow_disk(disk, size_gb=disk.size_gb + 1, actor=people.bob)
        return Job.objects.live().about(server.pk).get()

    def check(job: Job) -> None:
        disk = disk_of(job)
        assert (disk.status, disk.size_gb) == ("in-use", job.args["size_gb"])
        assert size_on_disk(engine, disk) == disk.size_gb * 1024**3
        assert_usage_follows(server)

    kill_at_every_step(GrowDisk, start, check, undo=False)


@only("slow")
def test_an_expansion_of_a_disk_that_no_server_has(people, engine):
    disk = blank_disk(people.bob)

    def start() -> Job:
        disk.refresh_from_db()
        grow_disk(disk, size_gb=disk.size_gb + 1, actor=people.bob)
        return Job.objects.live().about(disk.pk).get()

    def check(job: Job) -> None:
        disk.refresh_from_db()
        assert (disk.status, disk.size_gb) == ("available", job.args["size_gb"])
        assert size_on_disk(engine, disk) == disk.size_gb * 1024**3
        assert list(differences()) == []

    kill_at_every_step(GrowDisk, start, check, undo=False)
