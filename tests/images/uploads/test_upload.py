"""Uploads: streamed, inspected, reserved; nothing is left of what goes wrong."""

import hashlib
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings

from images.models import Upload
from images.receiving.receiver import Receiver
from images.uploads.clock import expire_uploads
from images.uploads.found import examine_file
from images.uploads.rules import can_discard, can_make_image, can_upload, waiting_uploads
from images.uploads.services import complete_upload, discard_upload, examine_upload, start_upload
from images.verify.orphans import remove_orphans
from imsconsole.audit.models import Event
from imsconsole.cloud import engines
from imsconsole.core import now as clock
from imsconsole.core.errors import BadImage, Conflict, NotFound
from imsconsole.core.project_urls import bare
from imsconsole.core.room import SPARE_BYTES
from imsconsole.core.rules import Refused
from imsconsole.jobs.files import work_dir
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import used_by
from tests.conftest import client_of
from tests.factories import ImageFactory, UploadFactory
from tests.images.create.importing import (
    CREATE,
    ISO_NAMES,
    MIB,
    imported,
    multipart,
    sent,
    upload_files,
    uploaded,
)
from tests.support.faults import free_space

pytestmark = pytest.mark.django_db


# rules and services ----------------------------------------------------------------------------------


def test_who_writes_may_upload(people: SimpleNamespace):
    assert can_upload(people.alice, MIB)
    assert can_upload(people.bob, MIB)
    assert can_upload(people.dave, MIB).code == "read-only"


def test_a_file_over_the_limit_is_refused_by_its_announced_size(people: SimpleNamespace):
    """R59"""
    assert can_upload(people.bob, 129 * 1024**3).code == "file-too-large"


@pytest.mark.parametrize("name", ISO_NAMES)
def test_an_iso_is_taken_whatever_its_name(people: SimpleNamespace, name: str):
    """R65"""
    assert start_upload(name=name, size_bytes=MIB, actor=people.bob).name == name


def test_uploads_are_reserved_in_the_quota_before_they_arrive(people: SimpleNamespace):
    project = people.bob.project
    project.quotas = {"upload_bytes": 10 * MIB}
    project.save()
    start_upload(name="a.raw", size_bytes=6 * MIB, actor=people.bob)
    assert used_by(project)["upload_bytes"] == 6 * MIB
    with pytest.raises(Refused) as refusal:
        start_upload(name="b.raw", size_bytes=6 * MIB, actor=people.alice)
    assert refusal.value.code == "quota-upload-bytes"


def test_a_file_is_refused_when_the_disk_has_no_room(people: SimpleNamespace, settings):
    settings.IMS_IMPORT_MAX_GB = 10**9
    people.bob.project.quotas = {"upload_bytes": 10**18}
    assert can_upload(people.bob, 10**15).code == "no-room"
    settings.IMS_SPOOL = "s3"
    assert can_upload(people.bob, 10**15), "no disk of this host's"


def test_what_uploads_have_announced_is_not_free(people: SimpleNamespace):
    """Whoever announced it, and in which project; what has come is no longer free anyway."""
    with free_space(SPARE_BYTES + 10 * MIB):
        first = start_upload(name="a.raw", size_bytes=6 * MIB, actor=people.bob)
        with pytest.raises(Refused) as refusal:
            start_upload(name="b.raw", size_bytes=6 * MIB, actor=people.carol)
        assert refusal.value.code == "no-room"
        Upload.objects.filter(pk=first.pk).update(received_bytes=3 * MIB)
        start_upload(name="b.raw", size_bytes=6 * MIB, actor=people.carol)
        Upload.objects.update(state="refused")
        assert can_upload(people.carol, 10 * MIB)


def test_what_arrived_is_described_and_its_true_size_counts(people: SimpleNamespace, disks: Path):
    upload = uploaded(people.bob, disks / "disk.qcow2")
    content = (disks / "disk.qcow2").read_bytes()
    assert upload.path.read_bytes() == content
    assert upload.found["sha256"] == hashlib.sha256(content).hexdigest()
    assert upload.found["format"] == "qcow2"
    assert upload.found["partition_table"] == "mbr"
    assert list(upload.found["boot_modes"]) == ["bios"]
    assert used_by(people.bob.project)["upload_bytes"] == len(content)


def test_the_receiver_goes_on_with_what_is_there_already(people: SimpleNamespace, disks: Path):
    content = (disks / "disk.raw").read_bytes()
    upload = start_upload(name="disk.raw", size_bytes=len(content), actor=people.bob)
    first = Receiver(upload)
    first.feed(content[:1_500_000])
    first.flush()
    first.close()
    second = Receiver(upload)
    assert second.received_bytes == 1_500_000
    second.feed(content[1_500_000:])
    assert second.finish().sha256 == hashlib.sha256(content).hexdigest()
    second.close()


def test_more_bytes_than_announced_are_not_taken(people: SimpleNamespace, disks: Path):
    upload = start_upload(name="disk.raw", size_bytes=MIB, actor=people.bob)
    receiver = Receiver(upload)
    with pytest.raises(Conflict) as error:
        receiver.feed((disks / "disk.raw").read_bytes())
    assert error.value.code == "upload-longer"
    receiver.abandon()
    assert upload_files() == []


def test_more_bytes_than_the_limit_are_not_taken(people: SimpleNamespace, disks: Path, settings):
    """R59"""
    settings.IMS_IMPORT_MAX_GB = 1 / 1024
    receiver = Receiver(start_upload(name="disk.raw", size_bytes=1, actor=people.bob))
    receiver.upload.size_bytes = 4 * MIB
    with pytest.raises(BadImage) as error:
        receiver.feed((disks / "disk.raw").read_bytes())
    assert error.value.code == "too-large"
    receiver.abandon()


def test_one_discards_ones_own_uploads_only(people: SimpleNamespace, disks: Path):
    upload = uploaded(people.bob, disks / "disk.raw")
    assert (
        can_discard(upload, people.dave).code == can_make_image(upload, people.dave, "").code == "read-only"
    )
    for other in (people.alice, people.dave, people.carol):
        assert client_of(other).post(f"/uploads/{upload.pk}/discard/").status_code == 404
    assert client_of(None).post(f"/uploads/{upload.pk}/discard/").status_code == 302
    assert Upload.objects.filter(pk=upload.pk).exists()
    assert client_of(people.bob).post(f"/uploads/{upload.pk}/discard/").status_code == 302
    assert not Upload.objects.exists()
    assert upload_files() == []
    assert Event.objects.filter(action="discardUpload", resource_id=str(upload.pk)).exists()


def test_a_file_that_an_image_is_made_of_is_not_discarded(people: SimpleNamespace, disks: Path):
    made = imported(people.bob, disks / "disk.raw")
    upload = Upload.objects.get()
    assert can_discard(upload, people.bob).code == can_make_image(upload, people.bob).code == "upload-in-use"
    assert can_make_image(upload, people.bob, "web").code == "upload-in-use"
    assert can_make_image(upload, people.bob, "")
    waiting = UploadFactory(project=people.bob.project, user=people.bob.user, expires_at=clock.now())
    ImageFactory(project=people.bob.project, status="saving", source_kind="file", source_id=None)
    assert list(waiting_uploads(people.bob)) == [waiting], "not what an image is made of"
    with pytest.raises(Refused):
        discard_upload(upload, actor=people.bob)
    assert made.image.name in str(can_discard(upload, people.bob).reason)


def test_what_came_whole_is_examined_as_what_it_was_said_to_be_and_once(people: SimpleNamespace):
    said = {"claimed_format": "raw", "claimed_sha256": "ab" * 32}
    for before, at_last in ((said, {}), ({}, said), ({"claimed_format": "iso"}, said)):
        upload = start_upload(name="disk", size_bytes=MIB, actor=people.bob, **before)
        examined = examine_upload(upload, received_bytes=7, actor=people.bob, **at_last)
        examined.refresh_from_db()
        assert {name: getattr(examined, name) for name in said} == said
        assert (examined.state, examined.size_bytes, examined.received_bytes) == ("examining", 7, 7)
        assert examined.expires_at > upload.expires_at
        assert Job.objects.get(subject_id=upload.pk).kind == "upload.examine"
    with pytest.raises(Conflict, match="upload-ended"):
        examine_upload(upload, received_bytes=7, actor=people.bob)
    gone = Upload(name="gone.raw")
    with pytest.raises(NotFound) as lost:
        examine_upload(gone, received_bytes=7, actor=people.bob)
    assert (lost.value.code, lost.value.values["name"]) == ("upload-gone", "gone.raw")


def test_an_upload_that_is_discarded_while_it_arrives_ends_with_a_sentence(
    people: SimpleNamespace, disks: Path
):
    upload = start_upload(name="disk.raw", size_bytes=9 * MIB, actor=people.bob)
    receiver = Receiver(upload)
    receiver.feed((disks / "disk.raw").read_bytes())
    discard_upload(upload, actor=people.bob)
    with pytest.raises(NotFound) as error:
        complete_upload(upload, receiver.finish(), actor=people.bob)
    receiver.close()
    assert error.value.code == "upload-gone"
    assert upload_files() == []
    assert not Upload.objects.exists()


def test_bytes_for_an_upload_that_has_gone_leave_no_file(people: SimpleNamespace):
    upload = start_upload(name="disk.raw", size_bytes=9 * MIB, actor=people.bob)
    known = Upload.objects.get()
    discard_upload(upload, actor=people.bob)
    with pytest.raises(NotFound) as error:
        Receiver(known)
    assert error.value.code == "upload-gone"
    assert upload_files() == []


# the clock -------------------------------------------------------------------------------------------


def test_forgotten_uploads_expire_with_their_bytes(people: SimpleNamespace, disks: Path):
    uploaded(people.bob, disks / "disk.raw")
    expire_uploads()
    assert Upload.objects.count() == 1
    clock.move(timedelta(hours=settings.IMS_UPLOAD_KEPT_HOURS, minutes=1))
    expire_uploads()
    assert Upload.objects.count() == 0
    assert upload_files() == []


def test_an_upload_in_use_does_not_expire(people: SimpleNamespace, disks: Path):
    imported(people.bob, disks / "disk.raw")
    clock.move(timedelta(days=30))
    expire_uploads()
    assert Upload.objects.count() == 1


def test_files_without_a_row_are_removed_and_others_stay(people: SimpleNamespace, disks: Path):
    upload = uploaded(people.bob, disks / "disk.raw")
    for name in ("f" * 32, "not-ours", f"{upload.pk.hex}x"):
        (Path(settings.UPLOAD_DIR) / name).write_bytes(b"x")
    (work_dir() / f"{'e' * 32}-1-inspect").write_bytes(b"x")
    remove_orphans()
    assert upload_files() == [upload.pk.hex]
    assert list(work_dir().glob("*")) == []


# the plain form --------------------------------------------------------------------------------------


def test_a_form_streams_its_file_and_the_wizard_goes_on(people: SimpleNamespace, disks: Path):
    for actor in (people.alice, people.bob, people.carol):
        response = client_of(actor).post(CREATE, sent((disks / "disk.raw").read_bytes()))
        assert response.status_code == 302
        upload = Upload.objects.get(user=actor.user)
        assert upload.state == "complete"
        assert upload.path.read_bytes() == (disks / "disk.raw").read_bytes()


def test_read_only_and_signed_out_people_upload_nothing(people: SimpleNamespace, disks: Path):
    content = (disks / "disk.raw").read_bytes()
    assert client_of(people.dave).post(CREATE, sent(content)).status_code == 409
    assert client_of(None).post(CREATE, sent(content)).status_code == 302
    assert client_of(people.dave).post("/uploads/create/", sent(content)).status_code == 409
    assert not Upload.objects.exists()
    assert upload_files() == []


def test_the_address_of_uploads_takes_a_file_and_leads_to_the_wizard(people: SimpleNamespace, disks: Path):
    response = client_of(people.bob).post("/uploads/create/", sent((disks / "disk.raw").read_bytes()))
    upload = Upload.objects.get()
    assert bare(response["Location"]) == f"{CREATE}?upload={upload.pk}"
    page = client_of(people.bob).get(response["Location"]).content.decode()
    assert f'value="{upload.pk}" id="upload-{upload.pk}" checked' in page
    assert client_of(people.bob).post("/uploads/create/", {}).status_code == 409
    assert client_of(people.bob).get("/uploads/create/").status_code == 405


def test_a_file_that_is_no_image_is_refused_with_its_sentence_and_leaves_nothing(people: SimpleNamespace):
    response = client_of(people.bob).post(CREATE, sent(b"<!doctype html><html>" * 9000, "disk.qcow2"))
    assert response.status_code == 422
    assert "This is not a disk image" in response.content.decode()
    assert upload_files() == []
    upload = Upload.objects.get()
    assert (upload.state, upload.error_code, upload.size_bytes) == ("refused", "not-an-image", 0)
    assert used_by(people.bob.project)["upload_bytes"] == 0


def test_a_file_refused_while_it_arrives_is_not_written_on(people: SimpleNamespace, disks: Path):
    qcow2 = bytearray((disks / "disk.qcow2").read_bytes())
    qcow2[8:20] = (500).to_bytes(8, "big") + (9).to_bytes(4, "big")
    qcow2[500:509] = b"/etc/shad"
    response = client_of(people.bob).post(CREATE, sent(bytes(qcow2) + bytes(9 * MIB), "disk.qcow2"))
    assert response.status_code == 422
    assert "backing file: /etc/shad" in response.content.decode()
    assert upload_files() == []


def test_a_file_of_another_format_than_claimed_is_refused(people: SimpleNamespace, disks: Path):
    content = (disks / "disk.vdi").read_bytes()
    response = client_of(people.bob).post(CREATE, sent(content, "disk.vdi", format="vmdk"))
    assert response.status_code == 422
    assert "announced as vmdk" in response.content.decode()
    assert upload_files() == []


def test_the_right_checksum_passes_and_a_wrong_one_leaves_nothing(people: SimpleNamespace, disks: Path):
    content = (disks / "disk.raw").read_bytes()
    right = hashlib.sha256(content).hexdigest()
    client = client_of(people.bob)
    response = client.post(CREATE, sent(content, sha256="0" * 64))
    assert response.status_code == 422
    assert right in response.content.decode()
    assert upload_files() == []
    assert client.post(CREATE, sent(content, sha256=right.upper())).status_code == 302


def test_a_wrong_csrf_token_leaves_nothing(people: SimpleNamespace, disks: Path):
    client = client_of(people.bob, enforce_csrf_checks=True)
    page = client.get(CREATE)
    content = (disks / "disk.raw").read_bytes()
    assert client.post(CREATE, sent(content, csrfmiddlewaretoken="x" * 64)).status_code == 403
    assert client.post("/uploads/create/", sent(content)).status_code == 403
    assert not Upload.objects.exists()
    assert upload_files() == []
    token = str(page.context["csrf_token"])
    assert client.post(CREATE, sent(content, csrfmiddlewaretoken=token)).status_code == 302


@pytest.mark.parametrize("cut", [2000, 1_500_000, -8])
def test_a_body_that_ends_early_leaves_nothing(people: SimpleNamespace, disks: Path, cut: int):
    content = (disks / "disk.raw").read_bytes()
    body = multipart(("type", "", b"system"), ("file", "disk.raw", content))
    ends_early = {"wsgi.input": BytesIO(body[:cut]), "CONTENT_LENGTH": str(len(body))}
    response = client_of(people.bob).generic(
        "POST", CREATE, body, "multipart/form-data; boundary=XXboundaryXX", **ends_early
    )
    assert response.status_code == 422
    assert "The connection ended" in response.content.decode()
    assert upload_files() == []
    assert not Upload.objects.exclude(state="refused").exists()


def test_a_connection_that_breaks_leaves_nothing(people: SimpleNamespace, disks: Path):
    body = multipart(("type", "", b"system"), ("file", "disk.raw", (disks / "disk.raw").read_bytes()))

    class Broken(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 2 * MIB:
                raise ConnectionResetError
            return super().read(size)

    breaks = {"wsgi.input": Broken(body), "CONTENT_LENGTH": str(len(body))}
    response = client_of(people.bob).generic(
        "POST", CREATE, body, "multipart/form-data; boundary=XXboundaryXX", **breaks
    )
    assert response.status_code == 409
    assert upload_files() == []
    assert not Upload.objects.exists()


def test_an_upload_over_the_quota_is_refused_before_a_byte_is_kept(people: SimpleNamespace, disks: Path):
    people.bob.project.quotas = {"upload_bytes": MIB}
    people.bob.project.save()
    response = client_of(people.bob).post(CREATE, sent((disks / "disk.raw").read_bytes()))
    assert response.status_code == 422
    assert "quota" in response.content.decode()
    assert not Upload.objects.exists()
    assert upload_files() == []


def test_only_the_first_file_of_a_form_is_taken(people: SimpleNamespace, disks: Path):
    content = (disks / "disk.raw").read_bytes()
    body = multipart(
        ("type", "", b"system"), ("other", "x.raw", b"x"), ("file", "a.raw", content), ("file", "b.raw", b"x")
    )
    response = client_of(people.bob).generic(
        "POST", CREATE, body, "multipart/form-data; boundary=XXboundaryXX"
    )
    assert response.status_code == 302
    assert Upload.objects.get().name == "a.raw"


def test_files_are_examined_by_this_host_whatever_engines_its_regions_have(disks: Path, monkeypatch):
    monkeypatch.setattr(engines, "_made", None)
    assert examine_file(disks / "disk.qcow2", claimed="").format == "qcow2"
