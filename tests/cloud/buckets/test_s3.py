"""Objects in a real S3: they come, go, become images and are made of them, and what others keep there stays."""

import hashlib
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from images.create.from_object.taking import take
from images.export.services import export_image
from imsconsole.cloud.buckets.services import delete_object
from imsconsole.cloud.buckets.store import stored_name
from imsconsole.cloud.buckets.sweep import objects_without_bytes, sweep_objects
from imsconsole.cloud.models import Bucket, BucketObject
from imsconsole.jobs.models import Job
from imsconsole.jobs.services import retry_job
from tests import factories
from tests.cloud.buckets.making import stored
from tests.conftest import client_of
from tests.images.create.importing import make_disks, work_files
from tests.images.create.test_import_object import imported
from tests.images.export.test_export import content_of, raw
from tests.support.s3 import S3Server, bucket_of
from tests.support.workers import finish, run_jobs, until

pytestmark = [pytest.mark.django_db, pytest.mark.slow(reason="an S3 server is started")]
LARGE = bytes(range(256)) * 4096 * 20  # 20 MiB: boto3 sends it in parts


@pytest.fixture
def s3(s3_server: S3Server) -> Iterator[SimpleNamespace]:
    with bucket_of(s3_server) as bucket:
        yield bucket


@pytest.fixture
def bucket(people: SimpleNamespace) -> Bucket:
    return factories.BucketFactory(project=people.bob.project)


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_disks(tmp_path_factory.mktemp("disks")) / "disk.qcow2"


def is_there(s3: SimpleNamespace, made: BucketObject) -> bool:
    try:
        s3.client.get_object(Bucket=s3.name, Key=stored_name(made.pk))["Body"].read()
    except (BotoCoreError, ClientError):
        return False
    return True


def fetched(url: str, **headers: str) -> tuple[int, bytes, Any]:
    """As a browser follows a redirect."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), error.headers


def test_what_is_uploaded_lies_there_and_goes_with_its_row(
    people, s3, bucket, django_capture_on_commit_callbacks
) -> None:
    made = stored(bucket, people.bob, "系统/磁盘.raw", LARGE)
    assert s3.names() == [stored_name(made.pk)]
    assert s3.client.get_object(Bucket=s3.name, Key=stored_name(made.pk))["Body"].read() == LARGE
    assert not list(objects_without_bytes())
    with django_capture_on_commit_callbacks(execute=True):
        again = stored(bucket, people.bob, "系统/磁盘.raw", b"anew")
    assert s3.names() == [stored_name(again.pk)]
    with django_capture_on_commit_callbacks(execute=True):
        delete_object(again, actor=people.bob)
    assert s3.names() == []


def test_a_browser_is_sent_there_with_a_link_that_is_for_one_object_and_a_while(people, s3, bucket) -> None:
    made, other = (
        stored(bucket, people.bob, key, content) for key, content in (("a/磁盘.raw", LARGE), ("b", b"x"))
    )
    assert client_of(people.carol).get(reverse("buckets:download", args=[made.pk])).status_code == 404
    url = client_of(people.dave).get(reverse("buckets:download", args=[made.pk]))["Location"]
    status, content, headers = fetched(url)
    assert (status, content == LARGE) == (200, True)
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"] == "attachment; filename*=utf-8''%E7%A3%81%E7%9B%98.raw"
    status, content, headers = fetched(url, Range="bytes=1000-1999")
    assert (status, content) == (206, LARGE[1000:2000])
    assert headers["Content-Range"] == f"bytes 1000-1999/{len(LARGE)}"
    etag = headers["ETag"]
    assert fetched(url, **{"Range": "bytes=5-", "If-Range": etag})[1] == LARGE[5:]
    assert fetched(url.replace(stored_name(made.pk), stored_name(other.pk)))[0] == 403
    assert fetched(url.replace("X-Amz-Expires=300", "X-Amz-Expires=3000"))[0] == 403
    assert fetched(url.partition("?")[0])[0] == 403


def test_an_object_there_becomes_an_image_and_an_image_an_object(people, s3, bucket, disk, tmp_path) -> None:
    made = stored(bucket, people.bob, "disk.qcow2", disk.read_bytes())
    upload = take(made, actor=people.bob)
    run_jobs()
    upload.refresh_from_db()
    assert (upload.state, upload.found["sha256"]) == ("complete", made.sha256)
    image, _job = imported(people.bob, upload)
    content = content_of(image, tmp_path)
    assert content == raw(disk, "qcow2")
    export_image(image, bucket=bucket, key="out.raw", format="raw", actor=people.bob)
    run_jobs()
    out = BucketObject.objects.stored().get(key="out.raw")
    status, exported, _headers = fetched(
        client_of(people.bob).get(reverse("buckets:download", args=[out.pk]))["Location"]
    )
    assert (status, hashlib.sha256(exported).hexdigest()) == (200, out.sha256)
    assert exported == content
    assert work_files() == []


def test_what_a_crash_left_there_is_removed_and_what_others_keep_stays(people, s3, bucket) -> None:
    made = stored(bucket, people.bob)
    ownerless = stored_name(uuid4())
    for key in (ownerless, "theirs/report.pdf", "README"):
        s3.client.put_object(Bucket=s3.name, Key=key, Body=b"x")
    sweep_objects()
    assert sorted(s3.names()) == sorted([stored_name(made.pk), "theirs/report.pdf", "README"])
    s3.client.delete_object(Bucket=s3.name, Key=stored_name(made.pk))
    assert list(objects_without_bytes()) == [made]


def test_while_it_does_not_answer_people_read_so_and_nothing_is_lost(
    people, s3, s3_server, bucket, disk
) -> None:
    made = stored(bucket, people.bob, "disk.qcow2", disk.read_bytes())
    client, page = client_of(people.bob), reverse("buckets:detail", args=[bucket.pk])
    s3_server.kill()
    try:
        answer = client.post(
            reverse("buckets:upload", args=[bucket.pk]),
            {"folder": "", "file": SimpleUploadedFile("new.raw", b"new")},
        )
        assert answer.status_code == 503
        assert "storage of the buckets does not answer" in answer.content.decode()
        assert client.get(page).status_code == 200
        upload = take(made, actor=people.bob)
        job = finish(Job.objects.get())
        assert (job.state, job.error_code) == ("failed", "buckets-unavailable")
    finally:
        s3_server.start()
    assert list(BucketObject.objects.all()) == [made]
    until(lambda: is_there(s3, made), "S3 found its files again")
    retry_job(job, actor=people.bob)
    run_jobs()
    upload.refresh_from_db()
    assert (upload.path.read_bytes(), work_files()) == (disk.read_bytes(), [])
