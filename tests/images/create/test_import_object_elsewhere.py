"""Importing from a bucket whose bytes lie elsewhere: they need room, and a job fetches them."""

import hashlib

import pytest
from django.urls import reverse

from images.create.from_object.jobs import TakeObject
from images.create.from_object.rules import can_take_object
from images.create.from_object.taking import take
from images.models import Upload
from images.verify.store_check import differences
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import used_by
from imsconsole.jobs.services import cancel_job
from tests.cloud.buckets.making import bytes_elsewhere
from tests.conftest import client_of
from tests.images.create.importing import upload_files, work_files
from tests.images.create.test_import_object import an_object, imported
from tests.support.faults import free_space
from tests.support.workers import finish, kill_at_every_step

pytestmark = pytest.mark.django_db


def test_only_bytes_from_elsewhere_need_room(people):
    made = an_object(people.bob)
    with free_space(0):
        assert can_take_object(made, people.bob)
        with bytes_elsewhere():
            assert can_take_object(made, people.bob).code == "no-room"


def test_bytes_from_elsewhere_are_fetched_by_a_job(people, disks):
    made = an_object(people.bob, disks / "disk.qcow2")
    with bytes_elsewhere():
        upload = take(made, actor=people.bob)
        assert upload.state == "receiving"
        page = client_of(people.bob).get(reverse("uploads:detail", args=[upload.pk])).content.decode()
        assert "goes on by itself" in page
        assert f"{made.bucket.name}:disk.qcow2" in page
        job = finish(Job.objects.get())
    assert (job.state, job.error_code) == ("done", "")
    upload.refresh_from_db()
    assert (upload.state, upload.found["sha256"]) == ("complete", made.sha256)
    assert work_files() == []
    image, job = imported(people.bob, upload)
    assert image.status == "active"
    assert [each.what for each in differences()] == []


def test_what_was_fetched_and_is_no_disk_is_refused(people):
    with bytes_elsewhere():
        upload = take(an_object(people.bob, content=b"just text " * 999), actor=people.bob)
        job = finish(Job.objects.get())
    upload.refresh_from_db()
    assert (upload.state, upload.error_code) == ("refused", job.error_code)
    assert (upload_files(), work_files()) == ([], [])
    assert used_by(people.bob.project)["upload_bytes"] == 0


def test_a_cancelled_fetch_leaves_nothing(people, disks):
    with bytes_elsewhere():
        take(an_object(people.bob, disks / "disk.qcow2"), actor=people.bob)
    cancel_job(Job.objects.get(), actor=people.bob)
    assert not Upload.objects.exists()
    assert (upload_files(), work_files()) == ([], [])


@pytest.mark.slow(reason="a worker is killed or stopped at every point of the job")
@pytest.mark.django_db(transaction=True)
def test_a_fetch_survives_every_death_of_its_worker(people, disks):
    made = an_object(people.bob, disks / "disk.qcow2")

    def start():
        with bytes_elsewhere():
            return Job.objects.get(subject_id=take(made, actor=people.bob).pk)

    def check(job):
        upload = Upload.objects.filter(pk=job.subject_id).first()
        assert (upload is not None) == (job.state == "done")
        if upload:
            assert hashlib.sha256(upload.path.read_bytes()).hexdigest() == made.sha256
        assert [each.what for each in differences()] == []
        assert (len(upload_files()), work_files()) == (1 if upload else 0, [])

    def clear(job):
        for upload in Upload.objects.filter(pk=job.subject_id):
            upload.path.unlink()
            upload.delete()

    points = kill_at_every_step(TakeObject, start, check, clear)
    assert any(point.startswith(f"do:{next(iter(TakeObject.steps))}") or "fetch" in point for point in points)
