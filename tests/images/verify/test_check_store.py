"""manage.py check_store: every difference between database and disk is printed, and put right where it can be."""

from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from images.models import Image, Upload
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import Server
from imsconsole.core.database_copy import copy_path
from imsconsole.engine.types import FileSource, Unwatched
from imsconsole.jobs.models import Job, Reservation
from tests import factories
from tests.engine.guests import TestWork
from tests.images.create.importing import imported
from tests.support.workers import finish

pytestmark = pytest.mark.django_db


def check(*options: str) -> str:
    """What the command printed, without the exit code."""
    out = StringIO()
    try:
        call_command("check_store", *options, stdout=out)
    except CommandError as error:
        out.write(str(error))
    return out.getvalue()


@pytest.fixture
def image(people, disks) -> Image:
    """A real image of Bob's project."""
    made = imported(people.bob, disks / "disk.raw", name="real")
    finish(made.job)
    return made.image


def test_a_store_that_agrees_is_clean(image):
    assert check() == "The store is clean.\n"


def test_a_stored_file_without_an_image_is_removed(image, disks):
    engine = engine_for(image.region_id)
    stray = engine.ingest(uuid4(), FileSource(disks / "disk.raw"), format="raw", work=TestWork()).ref

    assert f"stored file {stray} belongs to no image" in check()
    assert "repaired" in check("--repair")
    assert engine.inventory().stored == {image.disks.get().ref}
    assert "clean" in check()


def test_an_image_that_lost_its_file_is_frozen_and_says_so(image):
    engine_for(image.region_id).delete(image.disks.get().ref, work=Unwatched())

    assert "has lost its file" in check()
    check("--repair")
    image.refresh_from_db()
    assert (image.status, image.error_code) == ("frozen", "bytes-missing")


def test_uploads_and_work_files_of_nobody_are_removed(people):
    lost = factories.UploadFactory(
        project=people.bob.project, user=people.bob.user, state="complete", expires_at="2100-01-01T00:00Z"
    )
    (Path(settings.DATA_DIR) / "work").mkdir(exist_ok=True)
    strays = [Path(settings.UPLOAD_DIR) / uuid4().hex, Path(settings.DATA_DIR) / "work" / uuid4().hex]
    for stray in strays:
        stray.write_bytes(b"x")

    assert len(check().splitlines()) == 4
    check("--repair")
    assert not any(stray.exists() for stray in strays)
    assert not Upload.objects.filter(pk=lost.pk).exists()
    assert "clean" in check()


def test_rows_that_wait_for_no_job_and_reservations_without_one_are_told(people):
    waiting = factories.ImageFactory(project=people.bob.project, status="saving", name="waiting")
    job = Job.objects.create(
        kind="x", path="x", queue="bulk", project=people.bob.project, subject_kind="image",
        subject_id=uuid4(), subject_name="x", state="done",
    )  # fmt: skip
    Reservation.objects.create(job=job, project=people.bob.project, resource="store_bytes", amount=1)

    told = check("--repair")
    assert f"image waiting ({waiting.pk}) is saving but no job works on it" in told
    assert "outlived its job" in told
    assert not Reservation.objects.exists()


def test_a_server_whose_machine_is_gone_is_not_called_running(people):
    server = factories.ServerFactory(project=people.bob.project, status="running")

    assert "does not run but is running" in check()
    check("--repair")
    assert Server.objects.get(pk=server.pk).status == "failed"


def test_the_database_from_before_an_upgrade_is_no_stray() -> None:
    copy_path().write_bytes(b"")
    try:
        assert copy_path().name not in check()
    finally:
        copy_path().unlink()
