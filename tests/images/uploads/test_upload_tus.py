"""The tus protocol: creation, HEAD, PATCH, termination, checksum, expiration; and what it refuses."""

import fcntl
import hashlib
import random
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote

import pytest
from django.conf import settings
from django.test import Client

from images.models import Upload
from images.receiving import receiver
from images.uploads.clock import expire_uploads
from images.uploads.rules import can_resume
from images.uploads.services import start_upload
from imsconsole.audit.models import Event
from imsconsole.core import now as clock
from imsconsole.jobs.quotas import used_by
from tests.conftest import client_of
from tests.images.create.importing import ISO_NAMES, MIB, upload_files
from tests.images.uploads.tus import (
    CHUNK_TYPE,
    TUS,
    VERSION,
    Breaking,
    address_of,
    began,
    begin,
    checksum,
    look,
    offset_of,
    send,
    upload_at,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def content(disks: Path) -> bytes:
    return (disks / "disk.raw").read_bytes()


def broken_off(client: Client, address: str, offset: int, announced: int, body, **headers: str):
    """A PATCH that announces more than comes."""
    return client.generic(
        "PATCH",
        address,
        b"x",
        CHUNK_TYPE,
        headers={**VERSION, "Upload-Offset": str(offset), **headers},
        **{"wsgi.input": body, "CONTENT_LENGTH": str(announced)},
    )


# the rule --------------------------------------------------------------------------------------------


def test_who_may_go_on_with_what(people: SimpleNamespace):
    upload = start_upload(name="disk.raw", size_bytes=MIB, actor=people.bob, is_resumable=True)
    assert can_resume(upload, people.bob)
    assert can_resume(upload, people.dave).code == "read-only"
    clock.move(timedelta(hours=settings.IMS_UPLOAD_KEPT_HOURS, minutes=1))
    assert can_resume(upload, people.bob).code == "upload-expired"
    upload.state = Upload.State.EXAMINING
    assert can_resume(upload, people.bob).code == "upload-examining"
    upload.state = Upload.State.COMPLETE
    assert can_resume(upload, people.bob).code == "upload-complete"
    upload.state, upload.error_code = Upload.State.REFUSED, "empty"
    assert can_resume(upload, people.bob).reason == upload.error_sentence


def test_what_a_plain_form_began_cannot_go_on_for_its_length_is_not_known(people: SimpleNamespace):
    upload = start_upload(name="disk.raw", size_bytes=MIB, actor=people.bob)
    assert can_resume(upload, people.bob).code == "upload-not-resumable"


# the protocol ----------------------------------------------------------------------------------------


def test_options_name_version_extensions_and_limits(people: SimpleNamespace):
    response = client_of(people.bob).options(TUS)
    assert response.status_code == 204
    assert response["Tus-Version"] == response["Tus-Resumable"] == "1.0.0"
    assert response["Tus-Extension"] == "creation,termination,checksum,expiration"
    assert response["Tus-Max-Size"] == str(settings.IMS_IMPORT_MAX_GB * 1024**3)
    assert response["Tus-Checksum-Algorithm"] == "sha256,sha1"


def test_a_file_in_pieces_is_described_like_one_in_a_form(people: SimpleNamespace, content: bytes):
    client = client_of(people.bob)
    response = began(client, len(content), "磁盘.raw")
    assert response.status_code == 201
    assert "GMT" in response["Upload-Expires"]
    address = response["Location"]
    assert used_by(people.bob.project)["upload_bytes"] == len(content)
    for begin_at in range(0, len(content), 1_300_000):
        piece = content[begin_at : begin_at + 1_300_000]
        response = send(client, address, begin_at, piece)
        assert (response.status_code, response["Upload-Offset"]) == (204, str(begin_at + len(piece)))
    upload = upload_at(address)
    assert (upload.state, upload.name, upload.size_bytes) == ("complete", "磁盘.raw", len(content))
    assert upload.found["sha256"] == hashlib.sha256(content).hexdigest()
    assert upload.found["partition_table"] == "mbr"
    assert upload.path.read_bytes() == content
    assert list(Event.objects.values_list("action", flat=True)) == ["completeUpload", "startUpload"]


def test_head_says_how_far_it_is_and_what_it_begins_with(people: SimpleNamespace, content: bytes):
    client = client_of(people.bob)
    address = begin(client, len(content))
    send(client, address, 0, content[:1_500_000])
    response = look(client, address)
    assert response.status_code == 200
    assert (response["Upload-Offset"], response["Upload-Length"]) == ("1500000", str(len(content)))
    assert response["Upload-Metadata"] == "filename ZGlzay5yYXc="
    assert response["IMS-Head"] == f"{MIB} {hashlib.sha256(content[:MIB]).hexdigest()}"
    assert response["Cache-Control"] == "no-store"
    assert "IMS-Busy" not in response


def test_a_whole_upload_answers_head_with_its_length(people: SimpleNamespace, content: bytes):
    client = client_of(people.bob)
    address = begin(client, len(content))
    send(client, address, 0, content)
    assert offset_of(client, address) == len(content)
    response = send(client, address, len(content), b"")
    assert response.status_code == 403
    assert "completely" in response.content.decode()


@pytest.mark.parametrize("offset", [0, 999_999, 1_000_001])
def test_a_wrong_offset_is_told_and_changes_nothing(people: SimpleNamespace, content: bytes, offset: int):
    client = client_of(people.bob)
    address = begin(client, len(content))
    send(client, address, 0, content[:1_000_000])
    response = send(client, address, offset, content[offset : offset + 500])
    assert response.status_code == 409
    assert "1000000" in response.content.decode()
    assert upload_at(address).path.read_bytes() == content[:1_000_000]


def test_another_version_is_refused_and_told_ours(people: SimpleNamespace):
    client = client_of(people.bob)
    address = begin(client, MIB)
    for response in (
        client.post(TUS, headers={"Upload-Length": "1"}),
        client.head(address, headers={"Tus-Resumable": "0.2.2"}),
        client.generic("PATCH", address, b"x", CHUNK_TYPE),
        client.delete(address),
    ):
        assert (response.status_code, response["Tus-Version"]) == (412, "1.0.0")


@pytest.mark.parametrize("length", ["", "-1", "x", "1e3", "٣"])
def test_a_length_that_is_none_is_refused(people: SimpleNamespace, length: str):
    response = client_of(people.bob).post(
        TUS, headers={**VERSION, "Upload-Length": length.encode().decode("latin-1")}
    )
    assert response.status_code == 400
    assert "Upload-Length" in response.content.decode()


def test_metadata_that_cannot_be_read_are_refused(people: SimpleNamespace):
    client = client_of(people.bob)
    for value in ("filename ***", "filename /w==", "sha256 eA=="):
        headers = {**VERSION, "Upload-Length": "9", "Upload-Metadata": value}
        assert client.post(TUS, headers=headers).status_code == 400, value


def test_a_file_name_is_a_name_and_nothing_else(people: SimpleNamespace):
    assert upload_at(begin(client_of(people.bob), 9, "/etc/../a\x00b\n.raw")).name == "ab.raw"


def test_a_piece_of_another_type_is_not_taken(people: SimpleNamespace):
    client = client_of(people.bob)
    address = begin(client, MIB)
    response = client.generic("PATCH", address, b"x", "text/plain", headers={**VERSION, "Upload-Offset": "0"})
    assert response.status_code == 415


def test_a_post_may_stand_for_patch_and_delete_but_a_get_for_nothing(people: SimpleNamespace, content: bytes):
    client = client_of(people.bob)
    address = begin(client, len(content))
    override = {**VERSION, "X-HTTP-Method-Override": "PATCH", "Upload-Offset": "0"}
    assert client.get(address, headers={**VERSION, "X-HTTP-Method-Override": "DELETE"}).status_code == 405
    assert client.head(address, headers={**VERSION, "X-HTTP-Method-Override": "DELETE"}).status_code == 200
    assert client.generic("POST", address, content[:10], CHUNK_TYPE, headers=override).status_code == 204
    assert client.post(address, headers=VERSION).status_code == 405
    assert client.post(address, headers={**VERSION, "X-HTTP-Method-Override": "DELETE"}).status_code == 204
    assert not Upload.objects.exists()


# too much --------------------------------------------------------------------------------------------


def test_a_file_over_the_limit_is_refused_before_it_begins(people: SimpleNamespace):
    """R59"""
    response = began(client_of(people.bob), 129 * 1024**3)
    assert response.status_code == 413
    assert "128" in response.content.decode()


def test_a_file_over_the_quota_is_refused_with_the_quotas_sentence(people: SimpleNamespace):
    people.bob.project.quotas = {"upload_bytes": MIB}
    people.bob.project.save()
    response = began(client_of(people.bob), 2 * MIB)
    assert response.status_code == 413
    assert "quota" in response.content.decode()
    assert unquote(response["IMS-Reason"]) == response.content.decode()
    assert not Upload.objects.exists()


def test_more_than_announced_is_refused_before_a_byte_is_taken(people: SimpleNamespace, content: bytes):
    client = client_of(people.bob)
    address = begin(client, 1000)
    assert send(client, address, 0, content[:1001]).status_code == 413
    assert offset_of(client, address) == 0
    assert send(client, address, 0, content[:900]).status_code == 204


def test_an_empty_file_is_refused(people: SimpleNamespace):
    assert began(client_of(people.bob), 0).status_code == 422


@pytest.mark.parametrize("name", ISO_NAMES)
def test_an_iso_begins_whatever_its_name(people: SimpleNamespace, name: str):
    """R65"""
    assert began(client_of(people.bob), MIB, name).status_code == 201
    assert Upload.objects.get().name == name


# people ----------------------------------------------------------------------------------------------


def test_everybody_has_their_own_uploads_only(people: SimpleNamespace, content: bytes):
    address = begin(client_of(people.bob), len(content))
    for other in (people.alice, people.dave, people.carol):
        client = client_of(other)
        assert look(client, address).status_code == 404
        assert send(client, address, 0, content).status_code == 404
        assert client.delete(address, headers=VERSION).status_code == 404
        assert client.get(f"/uploads/{upload_at(address).pk}/").status_code == 404
    assert upload_at(address).received_bytes == 0


def test_read_only_people_begin_nothing_and_go_on_with_nothing(people: SimpleNamespace, content: bytes):
    response = began(client_of(people.dave), MIB)
    assert response.status_code == 403
    assert "read-only" in response.content.decode()
    upload = start_upload(name="disk.raw", size_bytes=MIB, actor=people.bob, is_resumable=True)
    Upload.objects.filter(pk=upload.pk).update(user=people.dave.user)
    assert send(client_of(people.dave), address_of(upload), 0, b"x").status_code == 403


def test_the_token_of_the_page_is_asked_for_in_the_header(people: SimpleNamespace, content: bytes):
    client = client_of(people.bob, enforce_csrf_checks=True)
    token = str(client.get("/uploads/").context["csrf_token"])
    assert began(client, MIB).status_code == 403
    headers = {**VERSION, "X-CSRFToken": token, "Upload-Length": str(len(content))}
    address = client.post(TUS, content_type=CHUNK_TYPE, headers=headers)["Location"]
    assert send(client, address, 0, content).status_code == 403
    assert client.delete(address, headers=VERSION).status_code == 403
    assert send(client, address, 0, content, X_CSRFToken=token).status_code == 204


# what goes wrong -------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ConnectionResetError, TimeoutError, None])
def test_a_connection_that_breaks_keeps_every_byte(people: SimpleNamespace, content: bytes, error):
    client = client_of(people.bob)
    address = begin(client, len(content))
    broken_off(client, address, 0, len(content), Breaking(content[:1_234_567], error))
    assert offset_of(client, address) == 1_234_567
    assert upload_at(address).received_bytes == 1_234_567
    send(client, address, 1_234_567, content[1_234_567:])
    assert upload_at(address).found["sha256"] == hashlib.sha256(content).hexdigest()


def test_bytes_that_this_process_has_hashed_are_not_read_again(
    people: SimpleNamespace, content: bytes, monkeypatch
):
    client = client_of(people.bob)
    address = begin(client, len(content))
    eaten = []
    monkeypatch.setattr(receiver, "Inspector", counting(receiver.Inspector, eaten))
    for offset in range(0, len(content), MIB):
        send(client, address, offset, content[offset : offset + MIB])
    assert upload_at(address).found["sha256"] == hashlib.sha256(content).hexdigest()
    assert sum(eaten) == len(content)


def test_another_process_reads_again_what_it_has_not_seen(people: SimpleNamespace, content: bytes):
    """As two gunicorn processes that take pieces in turn."""
    client = client_of(people.bob)
    address = begin(client, len(content))
    others = [receiver._kept, type(receiver._kept)()]
    for offset in range(0, len(content), 500_000):
        send(client, address, offset, content[offset : offset + 500_000])
        receiver._kept = others[(offset // 500_000) % 2]
    assert upload_at(address).found["sha256"] == hashlib.sha256(content).hexdigest()


def counting(kind, eaten: list[int]):
    class Counting(kind):
        def feed(self, chunk: bytes) -> None:
            eaten.append(len(chunk))
            super().feed(chunk)

    return Counting


def test_only_so_many_inspectors_are_kept(people: SimpleNamespace, content: bytes):
    client = client_of(people.bob)
    for _ in range(receiver.KEPT_INSPECTORS + 2):
        send(client, begin(client, len(content)), 0, content[:100])
    assert len(receiver._kept) == receiver.KEPT_INSPECTORS


def test_one_writes_and_the_other_is_told(people: SimpleNamespace, content: bytes, monkeypatch):
    monkeypatch.setattr(receiver, "LOCK_PATIENCE_S", 0.1)
    client = client_of(people.bob)
    address = begin(client, len(content))
    send(client, address, 0, content[:1000])
    with upload_at(address).path.open("r+b") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        assert look(client, address)["IMS-Busy"] == "yes"
        response = send(client, address, 1000, content[1000:])
        assert response.status_code == 423
        assert "another tab" in response.content.decode()
        assert "Uploading" in client.get("/uploads/").content.decode()
    assert send(client, address, 1000, content[1000:]).status_code == 204


def test_what_the_file_has_counts_whatever_the_row_says(people: SimpleNamespace, content: bytes):
    client = client_of(people.bob)
    address = begin(client, len(content))
    send(client, address, 0, content[:2_000_000])
    upload = upload_at(address)
    Upload.objects.update(received_bytes=2_500_000)
    with upload.path.open("r+b") as file:
        file.truncate(1_500_000)
    assert offset_of(client, address) == 1_500_000
    with upload.path.open("ab") as file:
        file.write(content[1_500_000:3_000_000])
    assert offset_of(client, address) == 3_000_000
    assert send(client, address, 3_000_000, content[3_000_000:]).status_code == 204
    assert upload_at(address).found["sha256"] == hashlib.sha256(content).hexdigest()


def test_a_whole_file_that_nobody_examined_asks_for_its_last_byte(people: SimpleNamespace, content: bytes):
    """As after a crash between the last byte and the end of the examination."""
    client = client_of(people.bob)
    address = begin(client, len(content))
    upload_at(address).path.write_bytes(content)
    assert offset_of(client, address) == len(content) - 1
    assert send(client, address, len(content) - 1, content[-1:]).status_code == 204
    assert upload_at(address).found["sha256"] == hashlib.sha256(content).hexdigest()


def test_a_hostile_file_is_refused_in_mid_stream_with_its_sentence(people: SimpleNamespace, disks: Path):
    qcow2 = bytearray((disks / "disk.qcow2").read_bytes())
    qcow2[8:20] = (500).to_bytes(8, "big") + (9).to_bytes(4, "big")
    qcow2[500:509] = b"/etc/shad"
    client = client_of(people.bob)
    address = begin(client, 50 * MIB, "disk.qcow2")
    response = send(client, address, 0, bytes(qcow2) + bytes(9 * MIB))
    assert response.status_code == 422
    assert "backing file: /etc/shad" in response.content.decode()
    assert upload_files() == []
    assert used_by(people.bob.project)["upload_bytes"] == 0
    response = look(client, address)
    assert response.status_code == 410
    assert "backing file: /etc/shad" in unquote(response["IMS-Reason"])
    assert send(client, address, 0, b"x").status_code == 410


def test_the_claimed_format_and_checksum_hold_at_the_end(
    people: SimpleNamespace, disks: Path, content: bytes
):
    client = client_of(people.bob)
    for metadata, sentence in (({"format": "vmdk"}, "announced as vmdk"), ({"sha256": "0" * 64}, "SHA-256")):
        response = send(client, begin(client, len(content), **metadata), 0, content)
        assert response.status_code == 422
        assert sentence in response.content.decode()
    right = {"format": "raw", "sha256": hashlib.sha256(content).hexdigest().upper()}
    assert send(client, begin(client, len(content), **right), 0, content).status_code == 204


def test_a_refused_file_is_in_the_trail_once_as_refused_and_with_its_reason(
    people: SimpleNamespace, content: bytes, disks: Path
):
    client = client_of(people.bob)
    whole = begin(client, len(content), sha256="0" * 64)
    send(client, whole, 0, content)
    hostile = begin(client, 50 * MIB, "disk.raw")
    send(client, hostile, 0, b"<!doctype html>" * 700_000)
    text = b"<!doctype html>" * 9000
    checked = begin(client, len(text), "disk.raw")
    send(client, checked, 0, text, Upload_Checksum=checksum(text))
    for address, code in (
        (whole, "checksum-differs"),
        (hostile, "not-an-image"),
        (checked, "not-an-image"),
    ):
        (event,) = Event.objects.filter(action="refuseUpload", resource_id=str(upload_at(address).pk))
        assert (event.result, event.code) == ("warning", code)
        assert event.sentence == upload_at(address).error_sentence


def test_the_format_may_still_be_named_when_the_upload_goes_on(people: SimpleNamespace):
    client, content = client_of(people.bob), random.Random(1).randbytes(3 * MIB)
    address = begin(client, len(content))
    send(client, address, 0, content[:MIB])
    assert send(client, address, MIB, content[MIB:], IMS_Format="raw").status_code == 204
    assert upload_at(address).found["format"] == "raw"
    address = begin(client, len(content))
    assert send(client, address, 0, content).status_code == 422


# checksum --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_piece_with_its_checksum_is_taken(people: SimpleNamespace, content: bytes, algorithm: str):
    client = client_of(people.bob)
    address = begin(client, len(content))
    for part in (content[:1_000_001], content[1_000_001:]):
        offset = offset_of(client, address)
        response = send(client, address, offset, part, Upload_Checksum=checksum(part, algorithm))
        assert response.status_code == 204
    assert upload_at(address).found["sha256"] == hashlib.sha256(content).hexdigest()


def test_a_damaged_piece_is_dropped_whole(people: SimpleNamespace, content: bytes):
    client = client_of(people.bob)
    address = begin(client, len(content))
    send(client, address, 0, content[:500_000])
    damaged = b"x" * 2_000_000
    response = send(client, address, 500_000, damaged, Upload_Checksum=checksum(content[500_000:2_500_000]))
    assert response.status_code == 460
    assert "damaged" in response.content.decode()
    assert offset_of(client, address) == 500_000
    assert upload_at(address).path.read_bytes() == content[:500_000]
    assert send(client, address, 500_000, content[500_000:]).status_code == 204
    assert upload_at(address).found["sha256"] == hashlib.sha256(content).hexdigest()


def test_a_piece_that_breaks_off_before_its_checksum_was_compared_does_not_count(people, content: bytes):
    client = client_of(people.bob)
    address = begin(client, len(content))
    response = broken_off(
        client,
        address,
        0,
        len(content),
        Breaking(content[:2_500_000]),
        **{"Upload-Checksum": checksum(content)},
    )
    assert response.status_code == 460
    assert offset_of(client, address) == 0


def test_a_crash_before_the_checksum_was_compared_leaves_what_counted_before(people, content: bytes):
    client = client_of(people.bob)
    address = begin(client, len(content))
    send(client, address, 0, content[:700_000])
    upload = upload_at(address)
    Upload.objects.update(unverified_from=700_000)
    with upload.path.open("ab") as file:
        file.write(b"not compared")
    assert offset_of(client, address) == 700_000
    send(client, address, 700_000, content[700_000:])
    upload.refresh_from_db()
    assert upload.unverified_from is None
    assert upload.found["sha256"] == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("value", ["md5 eA==", "sha1 ***", "sha1"])
def test_a_checksum_that_cannot_be_compared_is_refused(people: SimpleNamespace, value: str):
    client = client_of(people.bob)
    address = begin(client, MIB)
    response = send(client, address, 0, b"x", Upload_Checksum=value)
    assert response.status_code in (400, 460)
    assert offset_of(client, address) == 0


# termination and expiration --------------------------------------------------------------------------


def test_termination_removes_every_byte(people: SimpleNamespace, content: bytes):
    client = client_of(people.bob)
    address = begin(client, len(content))
    send(client, address, 0, content[:1000])
    assert client.delete(address, headers=VERSION).status_code == 204
    assert upload_files() == []
    assert look(client, address).status_code == 404
    assert send(client, address, 1000, content[1000:]).status_code == 404
    assert upload_files() == []


def test_an_upload_that_is_discarded_while_a_piece_arrives_stops(people: SimpleNamespace, content: bytes):
    client = client_of(people.bob)
    address = begin(client, len(content))

    class Discarding(Breaking):
        def read(self, size: int | None = -1) -> bytes:
            if Upload.objects.exists():
                client_of(people.bob).delete(address, headers=VERSION)
            return super().read(size)

    rest = Discarding(content[:2_000_000], None)
    assert broken_off(client, address, 0, len(content), rest).status_code == 404
    assert upload_files() == []


def test_an_expired_upload_is_gone_even_before_the_clock_comes(people: SimpleNamespace, content: bytes):
    client = client_of(people.bob)
    address = begin(client, len(content))
    send(client, address, 0, content[:1000])
    Upload.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    assert look(client, address).status_code == 410
    response = send(client, address, 1000, content[1000:])
    assert response.status_code == 410
    assert "expired" in response.content.decode()
    expire_uploads()
    assert look(client, address).status_code == 404
    assert upload_files() == []


def test_each_piece_keeps_the_upload_longer(people: SimpleNamespace, content: bytes):
    client = client_of(people.bob)
    address = begin(client, len(content))
    before = upload_at(address).expires_at
    send(client, address, 0, content[:1000])
    assert upload_at(address).expires_at > before
