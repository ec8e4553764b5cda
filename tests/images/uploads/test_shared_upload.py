"""Uploads into a spool that all hosts share, on a real S3: chunks by any of them, in order, each counted once."""

import hashlib
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from images.models import Upload
from images.uploads.append import append
from images.uploads.clock import expire_uploads
from images.uploads.jobs import ExamineUpload
from images.uploads.services import discard_upload, start_upload
from images.verify.orphans import remove_orphans
from images.verify.store_check import differences
from imsconsole.cloud.models import SpooledPart
from imsconsole.cloud.spool import shared
from imsconsole.cloud.spool.kinds import shared_uploads
from imsconsole.core import now as clock
from imsconsole.core.errors import Conflict, Unavailable
from imsconsole.jobs.models import Job
from imsconsole.jobs.rules import can_retry
from imsconsole.jobs.services import retry_job
from tests.conftest import client_of
from tests.images.create.importing import upload_files, work_files
from tests.images.create.test_import_object import imported
from tests.images.uploads.test_upload_tus import broken_off
from tests.images.uploads.tus import Breaking, begin, checksum, look, offset_of, send, upload_at
from tests.support.ova import ova, stream_vmdk
from tests.support.s3 import KEY, REGION, SECRET, S3Server, bucket_of
from tests.support.workers import finish, kill_at_every_step, run_jobs, until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow(reason="an S3 server is started"),
]


@pytest.fixture
def s3(s3_server: S3Server) -> Iterator[SimpleNamespace]:
    with bucket_of(s3_server, IMS_SPOOL="s3") as bucket:
        yield bucket


@pytest.fixture
def content(disks: Path) -> bytes:
    return (disks / "disk.raw").read_bytes()


def job_of(upload: Upload) -> Job:
    return Job.objects.get(subject_id=upload.pk)


def test_a_file_in_chunks_is_examined_by_a_job_and_becomes_an_image(people, s3, content, tmp_path) -> None:
    client = client_of(people.bob)
    address = begin(client, len(content))
    third = len(content) // 3
    for start in (0, third, 2 * third):
        chunk = content[start : start + third] if start < 2 * third else content[start:]
        assert send(client, address, start, chunk).status_code == 204
    upload = upload_at(address)
    assert (upload.state, upload.received_bytes, offset_of(client, address)) == (
        "examining", len(content), len(content),
    )  # fmt: skip
    assert upload_files() == []
    assert b"every 2s" in client.get(reverse("uploads:detail", args=[upload.pk])).content
    run_jobs()
    upload.refresh_from_db()
    assert (upload.state, upload.found["format"]) == ("complete", "raw")
    assert upload.found["sha256"] == hashlib.sha256(content).hexdigest()
    assert (work_files(), len(s3.names())) == ([], 3)
    image, _job = imported(people.bob, upload)
    assert image.status == "active"
    assert (work_files(), s3.names(), SpooledPart.objects.count()) == ([], [], 0)
    assert not list(differences())


def test_of_two_who_send_the_same_chunk_one_wins_and_the_other_is_told_where_to_go_on(
    people, s3, content
) -> None:
    upload = start_upload(name="disk.raw", size_bytes=len(content), actor=people.bob, is_resumable=True)
    half = len(content) // 2
    meeting = threading.Barrier(2)

    class Slow:
        """Its last byte comes when the other's does."""

        def __init__(self) -> None:
            self.left = content[:half]

        def read(self, size: int) -> bytes:
            if len(self.left) <= size:
                meeting.wait(60)
            piece, self.left = self.left[:size], self.left[size:]
            return piece

    told: list[Any] = []

    def sends() -> None:
        try:
            told.append(
                append(
                    Upload.objects.get(pk=upload.pk),
                    Slow(),
                    offset=0,
                    length=half,
                    checksum=None,
                    actor=people.bob,
                )
            )
        except Conflict as error:
            told.append((error.code, error.values["offset"]))
        finally:
            connection.close()

    threads = [threading.Thread(target=sends) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told, key=str) == [("upload-offset", half), half]
    assert (SpooledPart.objects.count(), len(s3.names())) == (1, 1)
    with shared_uploads().open(upload.pk) as stream:
        assert stream.read() == content[:half]


def test_who_sends_at_another_place_is_told_the_right_one(people, s3, content) -> None:
    client = client_of(people.bob)
    address = begin(client, len(content))
    send(client, address, 0, content[:1000])
    answer = send(client, address, 0, content[:1000])
    assert (answer.status_code, offset_of(client, address)) == (409, 1000)


def test_of_a_chunk_that_breaks_off_what_came_counts_unless_it_was_to_be_compared(
    people, s3, content
) -> None:
    client = client_of(people.bob)
    address = begin(client, len(content))
    broken_off(client, address, 0, len(content), Breaking(content[:500_000]))
    assert offset_of(client, address) == 500_000
    compared = checksum(content[500_000:])
    broken_off(
        client,
        address,
        500_000,
        len(content) - 500_000,
        Breaking(content[500_000:600_000]),
        **{"Upload-Checksum": compared},
    )
    assert (offset_of(client, address), len(s3.names())) == (500_000, 1)
    assert send(client, address, 500_000, content[500_000:], Upload_Checksum=compared).status_code == 204
    assert upload_at(address).state == "examining"


def test_a_hopeless_file_is_refused_by_its_beginning_and_another_by_the_job(people, s3, content) -> None:
    client = client_of(people.bob)
    address = begin(client, 2_000_000, "archive.zip")
    answer = send(client, address, 0, b"PK\3\4" + bytes(999_996))
    assert (answer.status_code, upload_at(address).state) == (422, "refused")
    late = begin(client, len(content), sha256="0" * 64)
    send(client, late, 0, content)
    job = finish(job_of(upload_at(late)))
    assert (job.state, job.error_code, upload_at(late).state) == ("failed", "checksum-differs", "refused")
    assert upload_at(late).error_sentence == job.error_sentence
    assert can_retry(job, people.bob).code == "job-final"
    assert (s3.names(), SpooledPart.objects.count(), work_files()) == ([], 0, [])
    assert b"0000" in client.get(reverse("uploads:detail", args=[upload_at(late).pk])).content


def test_while_s3_does_not_answer_people_read_so_and_nothing_is_lost(people, s3, s3_server, content) -> None:
    client = client_of(people.bob)
    arriving, whole = (begin(client, len(content)) for _ in range(2))
    send(client, arriving, 0, content[:1_000_000])
    send(client, whole, 0, content)
    upload = upload_at(whole)
    s3_server.kill()
    try:
        answer = send(client, arriving, 1_000_000, content[1_000_000:])
        assert answer.status_code == 503
        assert "storage in which files wait does not answer" in answer.content.decode()
        assert client.get(reverse("uploads:list")).status_code == 200
        job = finish(job_of(upload))
        assert (job.state, job.error_code, upload_at(whole).state) == (
            "failed",
            "spool-unavailable",
            "examining",
        )
        page = client.get(reverse("uploads:detail", args=[upload.pk])).content.decode()
        assert reverse("jobs:detail", args=[job.pk]) in page
    finally:
        s3_server.start()
    for address in (arriving, whole):
        until(lambda address=address: can_be_read(upload_at(address)), "S3 found its files again")
    assert send(client, arriving, 1_000_000, content[1_000_000:]).status_code == 204
    retry_job(job, actor=people.bob)
    run_jobs()
    for address in (arriving, whole):
        assert upload_at(address).found["sha256"] == hashlib.sha256(content).hexdigest()
    remove_orphans()
    assert len(s3.names()) == SpooledPart.objects.count()


def can_be_read(upload: Upload) -> bool:
    try:
        with shared_uploads().open(upload.pk) as stream:
            return bool(stream.read())
    except (Unavailable, FileNotFoundError):
        return False


def test_nothing_is_left_of_what_is_discarded_expires_or_whose_host_died(people, s3, content) -> None:
    client = client_of(people.bob)
    discarded, expired = (upload_at(begin(client, len(content))) for _ in range(2))
    for upload in (discarded, expired):
        shared_uploads().put(upload.pk, 0, content[:1000])  # by a host that died then
        send(client, reverse("uploads:tus-upload", args=[upload.pk]), 0, content[:1000])
    discard_upload(discarded, actor=people.bob)
    assert len(s3.names()) == 2
    clock.move(timedelta(hours=settings.IMS_UPLOAD_KEPT_HOURS, minutes=1))
    expire_uploads()
    assert (s3.names(), SpooledPart.objects.count()) == ([], 0)
    gone = shared_uploads().put(expired.pk, 0, b"x")  # by one that did not notice
    s3.client.put_object(Bucket=s3.name, Key=f"spool/{gone.name[:-4]}0000", Body=b"x")  # whose row is gone
    assert len([each for each in differences() if "belongs to no upload" in each.what]) == 2
    remove_orphans()
    assert (s3.names(), SpooledPart.objects.count()) == ([], 0)


def test_a_form_without_scripts_leads_to_the_page_of_what_is_examined(people, s3, content) -> None:
    client = client_of(people.bob)
    file = SimpleUploadedFile("disk.raw", content)
    answer = client.post(
        reverse("images:create"), {"type": "system", "format": "", "sha256": "", "file": file}
    )
    upload = Upload.objects.get()
    assert (answer.status_code, upload.state, upload.size_bytes) == (302, "examining", len(content))
    assert answer["Location"].endswith(reverse("uploads:detail", args=[upload.pk]))
    again = client.post(reverse("images:create"), {"type": "system", "upload": str(upload.pk)})
    assert again["Location"] == answer["Location"]
    run_jobs()
    upload.refresh_from_db()
    assert upload.found["sha256"] == hashlib.sha256(content).hexdigest()


def test_the_disks_of_an_archive_share_its_bytes(people, s3, disks) -> None:
    archive = ova(dict.fromkeys(("system.vmdk", "data.vmdk"), stream_vmdk(disks / "disk.raw")))
    client = client_of(people.bob)
    send(client, begin(client, len(archive), "machine.ova"), 0, archive)
    run_jobs()
    first, second = Upload.objects.order_by("created_at")
    assert (first.state, second.state, len(s3.names())) == ("complete", "complete", 1)
    discard_upload(first, actor=people.bob)
    assert len(s3.names()) == 1
    image, _job = imported(people.bob, second)
    assert (image.status, s3.names()) == ("active", [])


def test_an_examination_survives_every_death_of_its_worker(
    people, s3, s3_server, content, monkeypatch
) -> None:
    environment = {
        "IMS_SPOOL": "s3", "IMS_S3_BUCKET": s3.name, "IMS_S3_ENDPOINT": s3_server.url, "IMS_S3_REGION": REGION,
        "IMS_S3_ACCESS_KEY": KEY, "IMS_S3_SECRET_KEY": SECRET,
    }  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def start() -> Job:
        client = client_of(people.bob)
        address = begin(client, len(content))
        send(client, address, 0, content)
        return job_of(upload_at(address))

    def check(job: Job) -> None:
        upload = Upload.objects.get(pk=job.subject_id)
        assert (upload.state, upload.found["sha256"]) == ("complete", hashlib.sha256(content).hexdigest())
        assert work_files() == []

    def clear(job: Job) -> None:
        discard_upload(Upload.objects.get(pk=job.subject_id), actor=people.bob)
        assert (s3.names(), SpooledPart.objects.count()) == ([], 0)

    points = kill_at_every_step(ExamineUpload, start, check, clear, undo=False)
    assert "do:complete:fenced:2" in points


def test_large_pieces_are_several_objects(people, s3, content, monkeypatch) -> None:
    monkeypatch.setattr("images.receiving.shared.PIECE_BYTES", 1024 * 1024)
    client = client_of(people.bob)
    address = begin(client, len(content))
    send(client, address, 0, content)
    assert len(s3.names()) == -(-len(content) // 1024**2) > 1
    with shared_uploads().open(upload_at(address).pk, 1_500_000) as stream:
        assert stream.read() == content[1_500_000:]
    run_jobs()
    assert upload_at(address).found["sha256"] == hashlib.sha256(content).hexdigest()
    assert look(client, address).status_code == 200
    assert shared.PIECE_BYTES == 8 * 1024**2
