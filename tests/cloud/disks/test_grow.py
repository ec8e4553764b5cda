"""Make a disk larger. Rule, service, page."""

import json
import subprocess

import pytest
from django.urls import reverse

from imsconsole.cloud.disks.rules import can_grow_disk, can_grow_to
from imsconsole.cloud.disks.services import grow_disk
from imsconsole.cloud.servers.services import start_server, stop_server
from imsconsole.core.now import now
from imsconsole.core.rules import Refused
from imsconsole.engine.types import GIB
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import used_by
from imsconsole.jobs.services import retry_job
from tests.cloud.disks.disks import blank_disk, free_disk
from tests.cloud.servers.machines import running_server
from tests.conftest import client_of
from tests.factories import DiskFactory, ServerFactory
from tests.support.faults import end, faulty_engine
from tests.support.workers import run_jobs


def size_on_disk(engine, disk) -> int:
    """The size its file has, also while a guest uses it."""
    command = ["qemu-img", "info", "-U", "--output=json", "-f", "qcow2", str(engine._store.disk(disk.ref))]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["virtual-size"]


# ── the rules ───────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("disk", "size_gb", "code"),
    [
        ({}, 11, ""),
        ({}, 10, "disk-not-larger"),
        ({}, 9, "disk-not-larger"),
        ({}, 100_000, "data-disk-size"),
        ({"status": "failed"}, 11, "disk-failed"),
        ({"status": "growing"}, 11, "disk-busy"),
    ],
)
def test_a_disk_grows_within_its_limits(people, disk, size_gb, code):
    disk = free_disk(people.bob, size_gb=10, **disk)
    assert can_grow_to(disk, size_gb, people.bob).code == code
    assert can_grow_to(disk, size_gb, people.dave).code == "read-only"


@pytest.mark.parametrize(
    ("server", "disk", "code"),
    [
        ("running", {}, ""),
        ("stopped", {}, ""),
        ("starting", {}, "server-busy"),
        ("no-machine", {}, "no-machine"),
        ("stopped", {"beside": True, "status": "kept", "kept_until": now()}, "disk-kept"),
    ],
)
def test_a_system_disk_grows_as_well_unless_it_is_kept(people, server, disk, code):
    disk = DiskFactory(server=ServerFactory(project=people.bob.project, status=server), **disk)
    assert can_grow_disk(disk, people.bob).code == code
    assert can_grow_to(disk, 1024, people.bob).code == code
    assert can_grow_to(disk, 1025, people.bob).code == (code or "system-disk-size")


def test_only_what_is_added_must_fit_the_quota(people):
    """R122."""
    people.bob.project.quotas = {"disk_gb": 12}
    people.bob.project.save(update_fields=["quotas"])
    disk = free_disk(people.bob, size_gb=10)
    assert can_grow_to(disk, 12, people.bob)
    assert can_grow_to(disk, 13, people.bob).code == "quota-disk-gb"


# ── the service ─────────────────────────────────────────────────────────────
def test_a_free_disk_grows(people, engine):
    disk = blank_disk(people.bob, size_gb=1)
    grow_disk(disk, size_gb=3, actor=people.bob)
    assert used_by(people.bob.project)["disk_gb"] == 3
    with pytest.raises(Refused, match="disk-busy"):
        grow_disk(disk, size_gb=4, actor=people.bob)
    run_jobs()
    disk.refresh_from_db()
    assert (disk.size_gb, disk.status, size_on_disk(engine, disk)) == (3, "available", 3 * GIB)
    assert used_by(people.bob.project)["disk_gb"] == 3


def test_work_on_a_disk_holds_its_server(people):
    """R130."""
    disk = DiskFactory(server=ServerFactory(project=people.bob.project, ref="there"), ref="there")
    grow_disk(disk, size_gb=2, actor=people.bob)
    job = Job.objects.get()
    assert (job.subject_id, job.args["disk_id"]) == (disk.server_id, str(disk.pk))


@pytest.mark.guest
def test_disks_of_a_running_server_grow_and_usage_follows(people, engine):
    server = running_server(people.bob, data_disks_gb=(1,))
    for disk in server.disks.order_by("index"):
        grow_disk(disk, size_gb=4, actor=people.bob)
        run_jobs()
        disk.refresh_from_db()
        assert (disk.size_gb, disk.status, size_on_disk(engine, disk)) == (4, "in-use", 4 * GIB)
    sizes = server.usage.order_by("started_at", "pk").values_list("disk_gb", flat=True)
    assert list(sizes) == [2, 5, 8]
    server.refresh_from_db()
    stop_server(server, actor=people.bob)
    run_jobs()
    grow_disk(server.disks.get(index=0), size_gb=5, actor=people.bob)
    run_jobs()
    server.refresh_from_db()
    start_server(server, actor=people.bob)
    run_jobs()
    server.refresh_from_db()
    assert (server.status, size_on_disk(engine, server.disks.get(index=0))) == ("running", 5 * GIB)


def test_what_did_not_grow_takes_nothing_of_the_quota(people, engine):
    disk = blank_disk(people.bob, size_gb=1)
    grow_disk(disk, size_gb=3, actor=people.bob)
    job = Job.objects.live().get()
    with faulty_engine("grow_disk:1", error=OSError("x")):
        end(job)
    disk.refresh_from_db()
    assert (job.state, disk.size_gb, disk.status) == ("failed", 1, "available")
    assert used_by(people.bob.project)["disk_gb"] == 1
    retry_job(job, actor=people.bob)
    run_jobs()
    disk.refresh_from_db()
    assert disk.size_gb == 3


def test_a_retry_never_shrinks(people, engine):
    disk = blank_disk(people.bob, size_gb=1)
    grow_disk(disk, size_gb=3, actor=people.bob)
    job = Job.objects.live().get()
    with faulty_engine("grow_disk:1", error=OSError("x")):
        end(job)
    type(disk).objects.filter(pk=disk.pk).update(size_gb=5)
    with pytest.raises(Refused, match="disk-moved-on"):
        retry_job(job, actor=people.bob)


# ── the page ────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("size", ["", "1", "0", "-1", "x", "2.5", "99999999999999999999"])
def test_a_size_that_cannot_be_is_told(people, size):
    disk = free_disk(people.bob, size_gb=1)
    answer = client_of(people.bob).post(reverse("disks:grow", args=[disk.pk]), {"size_gb": size})
    assert answer.status_code == 422
    assert not Job.objects.exists()


def test_the_page_grows(people):
    disk = free_disk(people.bob, size_gb=1)
    url = reverse("disks:grow", args=[disk.pk])
    assert client_of(people.dave).post(url, {"size_gb": 2}).status_code == 409
    assert client_of(people.carol).post(url, {"size_gb": 2}).status_code == 404
    assert client_of(people.bob).post(url, {"size_gb": 2}).status_code == 302
    disk.refresh_from_db()
    assert disk.status == "growing"
