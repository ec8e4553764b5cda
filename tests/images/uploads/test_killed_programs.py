"""A qemu-img that is killed from outside says nothing about a file: nothing is lost, and the work is done again."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from images.create.rules import Import
from images.create.services import import_image
from images.models import Image, Upload
from images.verify.store_check import differences
from imsconsole.cloud.engines import engine_for
from imsconsole.jobs.models import Job
from imsconsole.jobs.services import retry_job
from tests.conftest import client_of
from tests.images.create.importing import CREATE, imported, sent, work_files
from tests.images.uploads.tus import begin, send, upload_at
from tests.support.killed import killed_qemu_img
from tests.support.workers import run_jobs

pytestmark = pytest.mark.django_db
OFTEN = 1000


@pytest.fixture
def content(disks: Path) -> bytes:
    return (disks / "disk.qcow2").read_bytes()


def uploaded_in_pieces(people: SimpleNamespace, content: bytes) -> Upload:
    client = client_of(people.bob)
    address = begin(client, len(content), "disk.qcow2")
    assert send(client, address, 0, content).status_code == 204
    return upload_at(address)


def uploaded_by_form(people: SimpleNamespace, content: bytes) -> Upload:
    assert client_of(people.bob).post(CREATE, sent(content, "disk.qcow2")).status_code == 302
    return Upload.objects.get()


# uploads ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["info", "check", "dd"])
def test_an_upload_whose_examination_is_killed_is_examined_again(
    people: SimpleNamespace, content: bytes, command: str
):
    with killed_qemu_img(command, times=1):
        upload = uploaded_in_pieces(people, content)
    assert upload.state == "complete"
    assert upload.path.read_bytes() == content
    assert upload.found["boot_modes"] == ["bios"]


@pytest.mark.parametrize("way", [uploaded_in_pieces, uploaded_by_form])
def test_an_upload_that_cannot_be_examined_now_is_kept_and_examined_by_the_job(
    people: SimpleNamespace, content: bytes, way
):
    with killed_qemu_img("info", times=OFTEN):
        upload = way(people, content)
    assert upload.state == "complete"
    assert upload.path.read_bytes() == content
    image = import_image(Import(upload=upload, name="web", type="system", min_disk_gb=1), actor=people.bob)
    run_jobs()
    image.refresh_from_db()
    assert image.status == "active"


# jobs ------------------------------------------------------------------------------------------------


def assert_clean() -> None:
    assert [difference.what for difference in differences()] == []
    assert work_files() == []


@pytest.mark.slow(reason="an import runs twice")
@pytest.mark.parametrize("command", ["info", "convert"])
def test_a_job_whose_qemu_img_is_killed_does_it_again(people: SimpleNamespace, disks: Path, command: str):
    made = imported(people.bob, disks / "disk.qcow2")
    with killed_qemu_img(command, times=2):
        run_jobs()
    made.job.refresh_from_db()
    assert made.job.state == "done"
    assert made.job.attempt == made.job.deaths + 1 > 1
    disk = Image.objects.get(pk=made.image.pk).disks.get()
    with engine_for("cn-north-4").open(disk.ref) as stored:
        assert stored.read(4) == b"QFI\xfb"
    assert_clean()


@pytest.mark.slow(reason="a program is killed at each attempt of a job")
def test_a_job_whose_qemu_img_is_killed_again_and_again_is_given_up(people: SimpleNamespace, disks: Path):
    made = imported(people.bob, disks / "disk.qcow2")
    upload = Upload.objects.get()
    with killed_qemu_img("convert", times=OFTEN):
        run_jobs()
    job = Job.objects.get()
    assert (job.state, job.error_code) == ("failed", "worker-killed")
    assert "interrupted 3 times and was given up" in job.error_sentence
    assert engine_for("cn-north-4").inventory().stored == frozenset()
    assert upload.path.read_bytes() == (disks / "disk.qcow2").read_bytes()
    assert_clean()

    retry_job(job, actor=people.bob)
    run_jobs()
    made.image.refresh_from_db()
    assert made.image.status == "active"
