"""Making images of servers' disks survives every death of its worker, with a guest that runs and without."""

import pytest

from images.capture.jobs import CaptureImage
from images.capture.services import capture_data_disks, capture_server
from images.launch.disk.services import create_disk_from
from images.models import Image, ImageDisk
from images.verify.store_check import differences
from imsconsole.cloud.models import Server
from imsconsole.jobs.models import Job
from tests.cloud.conftest import _short_stop, engine  # noqa: F401
from tests.cloud.disks.disks import blank_disk
from tests.cloud.servers.machines import bootable_image, order
from tests.engine.guests import TestWork, state_of
from tests.factories import KeyFactory
from tests.support.engines import only
from tests.support.plaintext import holders_of, secrets_of
from tests.support.workers import kill_at_every_step, run_jobs

pytestmark = [
    pytest.mark.slow(reason="a new worker dies at every point"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("on_each_engine"),
]


def check(job: Job, engine) -> None:  # noqa: F811
    """All of its images are there, or nothing of any."""
    done = job.state == Job.State.DONE
    images = Image.objects.filter(pk__in=list(job.args["images"]))
    assert {image.status for image in images} == {"active" if done else "killed"}
    stored = list(ImageDisk.objects.filter(image__in=images))
    assert len(stored) == (len(images) if done else 0)
    assert all(engine.verify(each.ref, each.checksum, work=TestWork()) for each in stored)
    assert list(differences()) == []
    assert not Server.objects.exclude(task="").exists()


@pytest.mark.guest
def test_of_a_running_server(people, engine) -> None:  # noqa: F811
    (server,) = order(people.bob, bootable_image(people.bob), data_disks_gb=(1,))
    run_jobs()
    server.refresh_from_db()
    assert server.status == "running"

    def start() -> Job:
        capture_server(server, name=f"image {Image.objects.count()}", actor=people.bob)
        return Job.objects.live().get()

    points = kill_at_every_step(CaptureImage, start, lambda job: check(job, engine))
    assert {point.split(":")[1] for point in points} >= {"capture", "register"}
    server.refresh_from_db()
    assert server.status == "running"
    assert state_of(engine, server.ref).power == "running"


@pytest.mark.bytes
@only("local")  # encryption
def test_of_an_encrypted_disk_of_which_nothing_is_ever_in_plain(people, engine) -> None:  # noqa: F811
    """§2.25: wherever the worker dies, no file has a word of the disk or the key in it."""
    key = KeyFactory(project=people.bob.project)
    source = bootable_image(people.bob, key=key, word="SECRET WORD", type="data")
    zone = people.bob.region.zones.get()
    disk = create_disk_from(source, name="secret", size_gb=1, zone=zone, actor=people.bob)
    run_jobs()

    def start() -> Job:
        capture_data_disks({disk.pk: f"image {Image.objects.count()}"}, actor=people.bob)
        return Job.objects.live().get()

    def check_secrecy(job: Job) -> None:
        check(job, engine)
        assert holders_of(b"SECRET WORD", *secrets_of(key)) == []

    kill_at_every_step(CaptureImage, start, check_secrecy, undo=False, where="do:capture:report:1$")


def test_of_a_disk_that_no_server_has(people, engine) -> None:  # noqa: F811
    disk = blank_disk(people.bob)

    def start() -> Job:
        capture_data_disks({disk.pk: f"image {Image.objects.count()}"}, actor=people.bob)
        return Job.objects.live().get()

    kill_at_every_step(CaptureImage, start, lambda job: check(job, engine), own="do:capture")
    disk.refresh_from_db()
    assert disk.status == "available"
    assert engine.inventory().scraps == frozenset()
