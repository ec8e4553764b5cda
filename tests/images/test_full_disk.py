"""A full disk at each step of an upload and of an import: a sentence, nothing lost, and on it goes with more space."""

import errno
import hashlib
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from images.models import Upload
from images.verify.store_check import differences
from imsconsole.core.errors import NoSpace, Unavailable, Unsupported
from imsconsole.jobs.services import retry_job
from tests.conftest import client_of
from tests.images.create.importing import CREATE, SIZE, imported, sent, upload_files
from tests.images.uploads.tus import begin, checksum, offset_of, send, upload_at
from tests.support.faults import faulty_engine, full_disk, meet_full_database
from tests.support.workers import finish

pytestmark = pytest.mark.django_db
LIMITS_BYTES = (0, 1, 100_000, 2 * 1024**2, SIZE - 1)


@pytest.fixture
def content(disks: Path) -> bytes:
    return (disks / "disk.raw").read_bytes()


@pytest.mark.parametrize("limit", LIMITS_BYTES)
def test_a_resumable_upload_keeps_what_came_and_goes_on(
    people: SimpleNamespace, content: bytes, limit: int
) -> None:
    client = client_of(people.bob)
    address = begin(client, SIZE)
    with full_disk(limit):
        answer = send(client, address, 0, content)
    assert answer.status_code == 507
    assert answer.content.decode().startswith("The disk of the service is full.")
    offset = offset_of(client, address)
    assert offset == limit
    assert send(client, address, offset, content[offset:]).status_code == 204
    upload = upload_at(address)
    assert (upload.state, upload.found["sha256"]) == ("complete", hashlib.sha256(content).hexdigest())


def test_a_chunk_with_a_checksum_counts_whole_or_not_at_all(people: SimpleNamespace, content: bytes) -> None:
    client = client_of(people.bob)
    address = begin(client, SIZE)
    with full_disk(100_000):
        assert send(client, address, 0, content, Upload_Checksum=checksum(content)).status_code == 507
    assert offset_of(client, address) == 0
    assert send(client, address, 0, content, Upload_Checksum=checksum(content)).status_code == 204
    assert upload_at(address).state == "complete"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_plain_form_says_so_and_leaves_nothing(
    people: SimpleNamespace, content: bytes, language: str
) -> None:
    client = client_of(people.bob)
    headers = {"Accept-Language": language}
    with full_disk(100_000):
        page = client.post(CREATE, sent(content), headers=headers)
    assert page.status_code == 422
    said = {"en": "The disk of the service is full.", "zh-hans": "服务的磁盘已满"}[language]
    assert said in page.content.decode()
    assert upload_files() == []
    assert Upload.objects.get().size_bytes == 0  # it counts towards no quota
    assert client.post(CREATE, sent(content), headers=headers).status_code == 302


@pytest.mark.parametrize(
    "error", [NoSpace(), Unavailable(), Unsupported("qemu-img-missing", package="qemu-utils")]
)
def test_a_file_that_cannot_be_examined_now_is_kept_and_examined_by_the_job(
    people: SimpleNamespace, content: bytes, error: Exception
) -> None:
    client = client_of(people.bob)
    with faulty_engine("qemu_img:1", error=error) as calls:
        assert client.post(CREATE, sent(content)).status_code == 302
    assert calls.reached
    assert Upload.objects.get().state == "complete"


def test_what_the_database_cannot_keep_is_told_in_the_protocol(
    people: SimpleNamespace, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(people.bob)
    address = begin(client, SIZE)
    with monkeypatch.context() as full:
        full.setattr("images.receiving.receiver.Receiver.note", lambda _receiver: meet_full_database())
        answer = send(client, address, 0, content)
    assert answer.status_code == 507
    assert "full" in answer["IMS-Reason"]


@pytest.mark.slow(reason="an import fails and runs again")
def test_no_room_for_a_link_of_the_file_is_said_and_the_import_retried(
    people: SimpleNamespace, disks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new name may need room in its folder."""

    def full(*_names: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    job = imported(people.bob, disks / "disk.qcow2").job
    with monkeypatch.context() as system:
        system.setattr("os.link", full)
        finish(job)
    assert (job.state, job.error_code) == ("failed", "no-space")
    assert list(differences()) == []
    retry_job(job, actor=people.bob)
    assert finish(job).state == "done"
