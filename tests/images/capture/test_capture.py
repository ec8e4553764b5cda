"""Images of servers and disks: rules and services. Guests and deaths: test_capture_guests, test_capture_kills."""

from uuid import uuid4

import pytest

from images.capture.services import capture_data_disks, capture_disk, capture_server
from images.models import Image, ImageDisk
from images.verify.store_check import differences
from imsconsole.audit.models import Event
from imsconsole.cloud.disks.rules import can_capture_disk, can_capture_disks, can_capture_server
from imsconsole.cloud.disks.services import attach_disk, delete_disk
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import Disk, Server
from imsconsole.cloud.servers.services import delete_server, start_server
from imsconsole.core.errors import Conflict, NoSpace, NotFound
from imsconsole.core.rules import Refused
from imsconsole.engine.types import GIB, FileSource, Unwatched
from imsconsole.jobs.models import Job
from imsconsole.jobs.services import cancel_job, retry_job
from tests import factories
from tests.cloud.conftest import _short_stop, engine  # noqa: F401
from tests.cloud.disks.disks import blank_disk, free_disk
from tests.cloud.servers.machines import REGION, bootable_image, order
from tests.engine.guests import TestWork
from tests.engine.systems import make_disk, root_of
from tests.support.faults import faulty_engine
from tests.support.workers import finish, run_jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def no_qemu(monkeypatch) -> None:
    """Servers exist with real disks; none is started."""
    monkeypatch.setattr("imsconsole.engine.local.probe.QEMU", "no-such-qemu")


@pytest.fixture
def server(people, engine, no_qemu) -> Server:  # noqa: F811
    """A stopped server with real disks: a system disk and two data disks."""
    os_version = factories.OsVersionFactory(name="Debian 12.0.0 64bit")
    features = {"nic_multi_queue": True, "boot_mode": "uefi", "secure_boot": True, "tpm": True}
    image = bootable_image(people.bob, name="origin", min_ram_mb=64, **features)
    Image.objects.filter(pk=image.pk).update(os_version=os_version)
    image.refresh_from_db()
    (made,) = order(people.bob, image, data_disks_gb=(1, 2))
    run_jobs()
    made.refresh_from_db()
    assert made.status == "stopped"
    return made


@pytest.fixture
def rows(people) -> Server:
    """The same without a disk behind them, for what is refused before a job begins."""
    server = factories.ServerFactory(project=people.bob.project, ref="there")
    factories.ImageDiskFactory(image=server.image)
    for index, role in enumerate(("system", "data", "data")):
        image = None if index else server.image
        factories.DiskFactory(server=server, role=role, index=index, image=image, ref="there")
    return server


def data_disks(server: Server) -> list[Disk]:
    return list(server.disks.filter(role="data").order_by("index"))


def code_of(service, *args, **kwargs) -> str:
    with pytest.raises(Refused) as refusal:
        service(*args, **kwargs)
    assert not Image.objects.filter(status="saving").exists()
    return refusal.value.code


# rules --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [each for each in Server.Status.values if each != "deleted"])
def test_only_running_and_stopped_servers_are_sources(people, status):
    """R30, R35"""
    server = factories.ServerFactory(project=people.bob.project, status=status, ref="there")
    assert bool(can_capture_server(server, people.bob)) == (status in ("running", "stopped"))
    assert not can_capture_server(server, people.dave)
    disk = factories.DiskFactory(server=server, role="data", index=1, status="in-use", ref="d")
    assert bool(can_capture_disk(disk, people.bob)) == (status in ("running", "stopped"))


def test_a_server_with_a_task_is_no_source_and_nothing_is_done_to_it(people):
    """R35, R130"""
    server = factories.ServerFactory(project=people.bob.project, status="stopped", ref="there", task="image")
    assert can_capture_server(server, people.bob).code == "server-task"
    blank = factories.ServerFactory(project=people.bob.project)
    assert can_capture_server(blank, people.bob).code == "server-without-disk"
    with pytest.raises(Refused) as refusal:
        start_server(server, actor=people.bob)
    assert "Creating an image" in str(refusal.value.verdict.reason)
    with pytest.raises(Refused):
        delete_server(server, delete_disks=True, actor=people.bob)


@pytest.mark.parametrize("status", [each for each in Disk.Status.values if each != "deleted"])
def test_only_disks_in_use_or_available_are_sources(people, status):
    """§2.3"""
    disk = free_disk(people.bob, status=status)
    assert bool(can_capture_disk(disk, people.bob)) == (status in ("in-use", "available"))


def test_a_disk_over_1_tb_is_no_source(people):
    """R31"""
    disk = free_disk(people.bob, size_gb=1024)
    assert can_capture_disk(disk, people.bob)
    assert can_capture_disk(disk, people.dave).code == "read-only"
    disk.size_gb = 1025
    assert can_capture_disks([disk], people.bob).code == "disk-too-large-for-image"
    assert can_capture_disk(disk, people.bob).code == "disk-too-large-for-image"
    assert "full-ECS" in str(can_capture_disk(disk, people.bob).reason)
    server = factories.ServerFactory(project=people.bob.project, ref="there")
    factories.DiskFactory(server=server, size_gb=1025, ref="d")
    assert code_of(capture_server, server, name="golden", actor=people.bob) == "disk-too-large-for-image"
    Disk.objects.update(size_gb=1025)
    large = {"name": "golden", "os_version": None, "actor": people.bob}
    assert code_of(capture_disk, disk, **large) == "disk-too-large-for-image"
    assert code_of(capture_data_disks, {disk.pk: "a"}, actor=people.bob) == "disk-too-large-for-image"


def test_only_the_key_of_the_system_disk_keeps_a_server_from_being_a_source(people):
    """R90"""
    server = factories.ServerFactory(project=people.bob.project, ref="there")
    key = factories.KeyFactory(project=people.bob.project, state="disabled")
    factories.DiskFactory(server=server, role="data", index=1, key=key)
    assert can_capture_server(server, people.bob)
    factories.DiskFactory(server=server, key=key)
    assert can_capture_server(server, people.bob).code == "key-not-enabled"


def test_disks_that_become_images_together_are_of_one_server(people):
    """R38"""
    servers = [factories.ServerFactory(project=people.bob.project, status="stopped", ref="x") for _ in "ab"]
    a1, a2, b1 = (
        factories.DiskFactory(server=server, role="data", index=index, status="in-use", ref="d")
        for server, index in ((servers[0], 1), (servers[0], 2), (servers[1], 1))
    )
    free = free_disk(people.bob)
    assert can_capture_disks([a1, a2], people.bob)
    assert can_capture_disks([free], people.bob)
    for together in ([a1, b1], [a1, free], [free, free]):
        assert can_capture_disks(together, people.bob).code == "several-servers"
    assert can_capture_disks([], people.bob).code == "no-disk"
    system = factories.DiskFactory(server=servers[0], role="system", index=0, status="in-use", ref="d")
    assert can_capture_disks([system], people.bob).code == "system-disk"


# services -----------------------------------------------------------------------------------------------


def test_a_system_disk_image_inherits_what_its_server_is(people, server):
    """§2.1, R8"""
    Image.objects.filter(pk=server.image_id).update(cloud_init=True, os_detected=True)
    image = capture_server(
        server,
        name="golden",
        description="of web",
        tags={"team": "web"},
        min_ram_mb=128,
        max_ram_mb=512,
        actor=people.bob,
    )
    assert image.status == "saving"
    server.refresh_from_db()
    assert server.task == "image"
    assert server.status == "stopped"
    job = finish(Job.objects.live().get())
    assert job.state == "done", job.error_sentence
    image.refresh_from_db()
    server.refresh_from_db()
    system, origin = server.disks.get(role="system"), server.image
    assert (image.status, image.type, image.use, server.task) == ("active", "system", "ecs", "")
    assert (image.os_version, image.architecture, image.boot_mode) == (origin.os_version, "x86", "uefi")
    assert (image.secure_boot, image.tpm) == (True, True)
    assert (image.nic_multi_queue, image.min_disk_gb, image.key) == (True, system.size_gb, None)
    assert (image.parent, image.source_kind, image.source_id, image.source_name) == (
        origin,
        "server",
        server.pk,
        server.name,
    )
    assert (image.min_ram_mb, image.max_ram_mb, image.tag_values) == (128, 512, {"team": "web"})
    assert (image.description, image.cloud_init, image.os_detected) == ("of web", True, True)
    assert image.created_by == people.bob.user
    stored = image.disks.get()
    assert engine_for(REGION).verify(stored.ref, stored.checksum, work=TestWork())
    assert (stored.role, stored.virtual_size_bytes) == ("system", system.size_gb * 1024**3)
    assert Event.objects.filter(action="createImage", resource_id=str(image.pk), result="normal").exists()
    assert list(differences()) == []


@pytest.mark.slow(reason="a server is captured, deleted and made anew")
def test_an_image_stays_when_its_server_is_deleted_and_makes_new_ones(people, server):
    """R107"""
    image = capture_server(server, name="golden", actor=people.bob)
    run_jobs()
    delete_server(Server.objects.get(pk=server.pk), delete_disks=True, actor=people.bob)
    run_jobs()
    image.refresh_from_db()
    assert image.is_active
    (again,) = order(people.bob, image, name="again")
    run_jobs()
    again.refresh_from_db()
    assert again.status == "stopped"
    assert list(differences()) == []


def test_a_system_disk_image_of_a_disk_is_what_its_owner_says(people, server):
    """§2.3"""
    os_version = factories.OsVersionFactory(name="Ubuntu 22.04 64bit", platform="Ubuntu")
    disk = data_disks(server)[0]
    Disk.objects.filter(pk=disk.pk).update(multi_queue=True)
    said = {"os_version": os_version, "boot_mode": "uefi", "max_ram_mb": 512, "min_ram_mb": 256}
    for wrong, code in (
        ({"min_ram_mb": 1024}, "memory-range"),
        ({"architecture": "arm", "boot_mode": "bios"}, "arm-boots-uefi"),
        ({"tags": {str(n): "" for n in range(11)}}, "too-many-tags"),
    ):
        assert code_of(capture_disk, disk, name="from disk", actor=people.bob, **said | wrong) == code
    assert (
        code_of(capture_server, server, name="x", min_ram_mb=2, max_ram_mb=1, actor=people.bob)
        == "memory-range"
    )
    said |= {"architecture": "arm", "description": "by hand"}
    image = capture_disk(disk, name="from disk", actor=people.bob, **said)
    run_jobs()
    image.refresh_from_db()
    assert (image.status, image.type, image.min_disk_gb) == ("active", "system", disk.size_gb)
    assert (image.os_version, image.boot_mode, image.os_detected) == (os_version, "uefi", False)
    assert (image.nic_multi_queue, image.min_ram_mb, image.max_ram_mb) == (True, 256, 512)
    assert (image.architecture, image.description) == ("arm", "by hand")
    assert (image.source_kind, image.source_id, image.parent) == ("disk", disk.pk, None)


@pytest.mark.slow(reason="a disk with a file system is made and stored")
def test_the_system_that_is_found_on_a_disk_counts_more(people, server, tmp_path):
    """§2.3, R63"""
    disk, store = data_disks(server)[0], engine_for("cn-north-4")
    made = make_disk(tmp_path / "debian.raw", root_of(tmp_path / "root"))
    stored = store.ingest(uuid4(), FileSource(made), format="raw", work=TestWork())
    store.delete_disk(disk.ref, work=Unwatched())
    disk.ref = store.create_disk(disk.pk, disk.size_gb * GIB, image_ref=stored.ref, work=TestWork())
    disk.save()
    store.delete(stored.ref, work=Unwatched())
    other = factories.OsVersionFactory(name="Ubuntu 22.04 64bit", platform="Ubuntu")
    system = capture_disk(disk, name="from disk", os_version=other, actor=people.bob)
    run_jobs()
    (data,) = capture_data_disks({disk.pk: "data"}, actor=people.bob)
    run_jobs()
    for image, os_version, detected in ((system, "Debian 12 64bit", True), (data, "None", False)):
        image.refresh_from_db()
        assert (image.status, str(image.os_version), image.os_detected) == ("active", os_version, detected)


def test_data_disks_become_an_image_each_in_one_job(people, server):
    """§2.5, R38"""
    one, two = data_disks(server)
    names = {one.pk: "data one", two.pk: "data two"}
    made = capture_data_disks(names, tags={"a": ""}, description="of web", actor=people.bob)
    assert [image.description for image in made] == ["of web"] * 2
    job = finish(Job.objects.live().get())
    assert job.state == "done"
    images = list(Image.objects.filter(pk__in=[image.pk for image in made]).order_by("name"))
    assert [(image.name, image.type, image.min_disk_gb, image.status) for image in images] == [
        ("data one", "data", 1, "active"),
        ("data two", "data", 2, "active"),
    ]
    assert [image.source_id for image in images] == [one.pk, two.pk]
    assert {disk.role for disk in ImageDisk.objects.filter(image__in=images)} == {"data"}
    assert all(image.tag_values == {"a": ""} for image in images)
    assert list(differences()) == []


def test_a_disk_that_no_server_has_is_held_meanwhile(people, engine):  # noqa: F811
    disk = blank_disk(people.bob)
    (image,) = capture_data_disks({disk.pk: "free"}, actor=people.bob)
    disk.refresh_from_db()
    assert disk.status == "capturing"
    with pytest.raises(Refused):
        delete_disk(disk, actor=people.bob)
    assert list(differences()) == []
    run_jobs()
    disk.refresh_from_db()
    image.refresh_from_db()
    assert (disk.status, image.status) == ("available", "active")


@pytest.mark.slow(reason="a capture fails and is made by a retry")
@pytest.mark.parametrize("failure", ["failed", "cancelled", "cancelled unbegun"])
def test_what_did_not_come_about_leaves_nothing_and_can_be_retried(people, server, failure):
    one, two = data_disks(server)
    made = capture_data_disks({one.pk: "data one", two.pk: "data two"}, actor=people.bob)
    job = Job.objects.live().get()
    if failure == "failed":
        with faulty_engine("capture:1", error=NoSpace(), late=True):
            finish(job)
    elif failure == "cancelled":
        with faulty_engine("capture:1", before=lambda: cancel_job(job, actor=people.bob)):
            finish(job)
    else:
        cancel_job(job, actor=people.bob)
    job.refresh_from_db()
    server.refresh_from_db()
    assert job.state == failure.split()[0]
    assert server.task == ""
    assert {image.status for image in Image.objects.filter(pk__in=[each.pk for each in made])} == {"killed"}
    assert not ImageDisk.objects.filter(image__in=made).exists()
    assert list(differences()) == []
    if failure == "failed":
        retry_job(job, actor=people.bob)
        server.refresh_from_db()
        assert server.task == "image"
        assert finish(job).state == "done"
        assert {image.status for image in Image.objects.filter(pk__in=[each.pk for each in made])} == {
            "active"
        }
        assert list(differences()) == []


def test_a_retry_asks_again_whether_the_server_can_be_a_source(people, server):
    """R30"""
    capture_server(server, name="golden", actor=people.bob)
    job = Job.objects.live().get()
    with faulty_engine("capture:1", error=NoSpace()):
        finish(job)
    Server.objects.filter(pk=server.pk).update(status="starting")
    with pytest.raises(Refused):
        retry_job(job, actor=people.bob)
    job.refresh_from_db()
    assert job.state == "failed"


def test_who_may(people, rows):
    """Alice and Bob; Dave reads only; for Carol there is no such server."""
    assert code_of(capture_server, rows, name="a", actor=people.dave) == "read-only"
    with pytest.raises(NotFound):
        capture_server(rows, name="a", actor=people.carol)
    with pytest.raises(NotFound):
        capture_data_disks({data_disks(rows)[0].pk: "a"}, actor=people.carol)
    with pytest.raises(NotFound):
        capture_data_disks({data_disks(rows)[0].pk: "a", free_disk(people.carol).pk: "b"}, actor=people.bob)
    with pytest.raises(NotFound):
        capture_disk(data_disks(rows)[0], name="a", os_version=None, actor=people.carol)
    assert capture_server(rows, name="a", actor=people.alice)


def test_a_taken_name_is_refused(people, rows):
    """R39"""
    factories.ImageFactory(project=people.bob.project, name="golden")
    assert code_of(capture_server, rows, name="golden", actor=people.bob) == "image-name-taken"
    names = {disk.pk: "same" for disk in data_disks(rows)}
    assert code_of(capture_data_disks, names, actor=people.bob) == "image-name-taken"
    rows.refresh_from_db()
    assert rows.task == ""


def test_the_quotas_of_images_and_their_store_are_kept(people, rows):
    """IMG.0015"""
    project = people.bob.project
    project.quotas = {"images": 2}
    project.save()
    names = {disk.pk: disk.name for disk in data_disks(rows)}
    assert "quota" in code_of(capture_data_disks, names, actor=people.bob)
    project.quotas = {"store_bytes": rows.image.disks.get().size_bytes + 1}
    project.save()
    assert "quota" in code_of(capture_server, rows, name="golden", actor=people.bob)


def test_two_at_once_one_wins(people, rows):
    """R35"""
    capture_server(rows, name="one", actor=people.bob)
    with pytest.raises(Refused) as refusal:
        capture_server(Server.objects.get(pk=rows.pk), name="two", actor=people.alice)
    assert refusal.value.code == "server-task"
    assert not Image.objects.filter(name="two").exists()


def test_work_on_its_disks_keeps_a_server_from_being_a_source(people, server):
    """R35: a disk that is just being attached holds the server."""
    disk = free_disk(people.bob, zone=server.zone)
    attach_disk(disk, server=server, actor=people.bob)
    with pytest.raises(Conflict):
        capture_server(server, name="golden", actor=people.bob)
    run_jobs()
    assert capture_server(server, name="golden", actor=people.bob)


@pytest.mark.slow(reason="QEMU takes seconds to measure how it derives keys")
@pytest.mark.bytes
def test_an_image_of_encrypted_disks_is_encrypted_with_their_key(people, engine, no_qemu):  # noqa: F811
    """§2.1, R91; that a server of such an image has its key: test_full_ecs, test_encryption."""
    key = factories.KeyFactory(project=people.bob.project)
    (server,) = order(people.bob, bootable_image(people.bob, key=key, word="PLAIN MARKER"))
    run_jobs()
    system = server.disks.get(role="system")
    image = capture_server(Server.objects.get(pk=server.pk), name="sealed", actor=people.bob)
    run_jobs()
    image.refresh_from_db()
    assert (image.status, image.key, system.key) == ("active", key, key)
    stored = image.disks.get()
    with engine.open(stored.ref) as stream:
        assert b"PLAIN MARKER" not in stream.read()
    assert list(differences()) == []
