"""Importing from a bucket: rule, service, job, page."""

import hashlib
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings
from django.urls import reverse

from images.create.from_object.rules import can_take_object
from images.create.from_object.taking import take
from images.create.jobs import ImportImage
from images.create.rules import Import
from images.create.services import import_image
from images.models import Image, Upload
from images.verify.store_check import differences
from imsconsole.audit.models import Event
from imsconsole.cloud.buckets.services import delete_object
from imsconsole.cloud.buckets.store import remove_bytes, storage, stored_name
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import BucketObject
from imsconsole.core.errors import BadImage, NotFound
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from imsconsole.engine.types import GIB
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import used_by
from tests import factories
from tests.cloud.buckets.making import stored
from tests.conftest import client_of
from tests.engine.guests import TestWork
from tests.images.create.importing import DETAILS, FORMATS, ISO_NAMES, upload_files, work_files
from tests.images.export.test_export import content_of, raw
from tests.support.workers import finish, kill_at_every_step, run_jobs

pytestmark = pytest.mark.django_db
PAGE = "/images/create/from-object/"


def an_object(actor, path=None, key="disk.qcow2", *, storage_class="standard", content=b"", **fields):
    bucket = factories.BucketFactory(project=actor.project, storage_class=storage_class)
    if path or content:
        return stored(bucket, actor, key, content or path.read_bytes())
    return factories.BucketObjectFactory(bucket=bucket, key=key, **fields)


def imported(actor, upload, **fields):
    image = import_image(
        Import(upload=upload, **{"name": "web", "type": "system", "min_disk_gb": 1, **fields}), actor=actor
    )
    job = finish(Job.objects.about(image.pk).get())
    image.refresh_from_db()
    return image, job


def code_of(call):
    with pytest.raises(Refused) as refusal:
        call()
    return refusal.value.code


# rule --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "code"), [("alice", ""), ("bob", ""), ("dave", "read-only")])
def test_who_may_write_takes_objects(people, name, code):
    assert can_take_object(an_object(people.bob), getattr(people, name)).code == code


def test_others_objects_are_not_found(people):
    with pytest.raises(NotFound):
        take(an_object(people.carol), actor=people.bob)


@pytest.mark.parametrize("storage_class", ["warm", "cold"])
def test_r58_only_standard_buckets(people, storage_class):
    made = an_object(people.bob, storage_class=storage_class)
    assert can_take_object(made, people.bob).code == "bucket-not-standard"


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("a/b/disk.qcow2", ""),
        ("my folder/my disk.qcow2", ""),
        ("disk.zvhd2", "zvhd-import"),
        ("disk.ZVHD", "zvhd-import"),
        *((f"cds/{name}", "") for name in ISO_NAMES),  # R65
    ],
)
def test_names(people, key, code):
    assert can_take_object(an_object(people.bob, key=key), people.bob).code == code


@pytest.mark.parametrize(
    ("gb", "is_fast", "code"),
    [(0, False, "object-empty"), (128, False, ""), (129, False, "object-too-large"), (129, True, ""),
     (1024, True, ""), (1025, True, "object-too-large")],
)  # fmt: skip
def test_r59_sizes(people, gb, is_fast, code):
    people.bob.project.quotas = {"upload_bytes": 2048 * GIB}
    people.bob.project.save(update_fields=["quotas"])
    made = an_object(people.bob, size_bytes=gb * GIB)
    assert can_take_object(made, people.bob, is_fast=is_fast).code == code


def test_the_quota_of_uploads_counts(people):
    people.bob.project.quotas = {"upload_bytes": 10}
    people.bob.project.save(update_fields=["quotas"])
    assert can_take_object(an_object(people.bob), people.bob).code == "quota-upload-bytes"


# service and job -----------------------------------------------------------------------------------------


@pytest.mark.slow(reason="a disk of each format is converted and compared")
@pytest.mark.parametrize("name", FORMATS)
def test_an_object_of_every_format_becomes_an_image_with_its_content(people, disks, tmp_path, name):
    made = an_object(people.bob, disks / name, f"folder/{name}")
    upload = take(made, actor=people.bob)
    image, job = imported(people.bob, upload)
    assert (image.status, job.error_code) == ("active", "")
    (tmp_path / "source").write_bytes((disks / "disk.raw").read_bytes())
    wanted, got = raw(tmp_path / "source", "raw"), content_of(image, tmp_path)
    assert got[: len(wanted)] == wanted
    assert not any(got[len(wanted) :])  # what a foreign VHD was rounded up by
    assert (image.source_kind, image.source_name) == ("file", f"{made.bucket.name}:folder/{name}")
    assert image.disks.get().source_checksum == f"sha256:{made.sha256}"
    assert not Upload.objects.exists()
    assert (upload_files(), work_files()) == ([], [])
    assert BucketObject.objects.get() == made
    assert Event.objects.filter(action="takeObject").exists()


def test_no_byte_is_copied_and_the_object_may_go(people, disks):
    made = an_object(people.bob, disks / "disk.qcow2", "folder/disk.qcow2")
    upload = take(made, actor=people.bob)
    assert (upload.name, upload.origin) == ("disk.qcow2", f"{made.bucket.name}:folder/disk.qcow2")
    assert not Job.objects.exists()
    assert upload.path.samefile(storage().path(stored_name(made.pk)))
    delete_object(made, actor=people.bob)
    remove_bytes(made.pk)
    image, job = imported(people.bob, upload)
    assert (image.status, job.error_code) == ("active", "")


def test_an_import_never_changes_the_object(people, disks):
    made = an_object(people.bob, disks / "disk.raw", "disk.raw")
    path = Path(storage().path(stored_name(made.pk)))
    before = path.stat()
    imported(people.bob, take(made, actor=people.bob))
    after = path.stat()
    assert (after.st_uid, after.st_mode & 0o777) == (before.st_uid, 0o444)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == made.sha256


def test_bytes_that_are_no_longer_those_of_the_object_are_refused(people, disks):
    made = an_object(people.bob, disks / "disk.raw", "disk.raw")
    path = Path(storage().path(stored_name(made.pk)))
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    image, job = imported(people.bob, take(made, actor=people.bob))
    assert (image.status, job.error_code) == ("killed", "checksum-differs")


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04" + bytes(9000), b"QFI\xfb" + bytes(9000), b"just text " * 999]
)
def test_what_is_no_disk_is_refused_and_nothing_is_left(people, content):
    with pytest.raises(BadImage):
        take(an_object(people.bob, content=content), actor=people.bob)
    assert upload_files() == []
    assert Upload.objects.get().state == "refused"
    assert used_by(people.bob.project)["upload_bytes"] == 0


def test_an_object_whose_bytes_are_gone_says_so(people, disks):
    made = an_object(people.bob, disks / "disk.raw", "disk.raw")
    remove_bytes(made.pk)
    with pytest.raises(NotFound) as error:
        take(made, actor=people.bob)
    assert error.value.code == "object-bytes-gone"
    assert upload_files() == []


def test_r61_fast_import_takes_raw_disks_and_needs_the_system(people, disks):
    with pytest.raises(BadImage) as error:
        take(an_object(people.bob, disks / "disk.qcow2"), actor=people.bob, is_fast=True)
    assert error.value.code == "fast-needs-raw"
    upload = take(an_object(people.bob, disks / "disk.raw", "disk.raw"), actor=people.bob, is_fast=True)
    assert code_of(lambda: imported(people.bob, upload)) == "fast-needs-os"
    os_version = factories.OsVersionFactory()
    image, job = imported(people.bob, upload, os_version=os_version)
    assert (image.status, job.error_code) == ("active", "")
    assert (image.os_version, image.os_detected) == (os_version, False)


@pytest.mark.slow(reason="a worker is killed or stopped at every point of the job")
@pytest.mark.django_db(transaction=True)
def test_an_import_from_a_bucket_survives_every_death_of_its_worker(people, disks):
    made, names = an_object(people.bob, disks / "disk.qcow2"), iter(range(10_000))

    def start():
        upload = take(made, actor=people.bob)
        image = import_image(
            Import(upload=upload, name=f"web-{next(names)}", type="system", min_disk_gb=1), actor=people.bob
        )
        return Job.objects.get(subject_id=image.pk)

    def check(job):
        image = Image.objects.get(pk=job.subject_id)
        assert image.status == ("active" if job.state == "done" else "killed")
        for disk in image.disks.all():
            assert engine_for(image.region_id).verify(disk.ref, disk.checksum, work=TestWork())
        assert [each.what for each in differences()] == []
        assert (
            hashlib.sha256(Path(storage().path(stored_name(made.pk))).read_bytes()).hexdigest() == made.sha256
        )

    def clear(job):
        for upload in Upload.objects.filter(pk=UUID(job.args["upload"])):
            upload.path.unlink()
            upload.delete()

    # the rest is that of any import
    kill_at_every_step(ImportImage, start, check, clear, own="inspect|tidy", undo=False)


# page ----------------------------------------------------------------------------------------------------


@pytest.mark.slow(reason="an object is imported by a wizard")
def test_the_wizard_goes_from_an_object_to_an_image(people, disks):
    made, client = an_object(people.bob, disks / "disk.qcow2"), client_of(people.bob)
    shown = client.get(PAGE, {"object": made.pk.hex})
    assert shown.context["form"]["object"].value() == str(made.pk)
    step = client.post(PAGE, {"type": "system", "object": made.pk, "format": ""})
    assert step.status_code == 302, step.content.decode()
    client.post(step["Location"], DETAILS)
    done = client.post(step["Location"].replace("details", "confirm"), {}, follow=True)
    image = Image.objects.get()
    assert bare(done.redirect_chain[-1][0]) == image.get_absolute_url()
    run_jobs()
    image.refresh_from_db()
    assert image.status == "active"


def test_an_object_leads_to_the_wizard_and_one_of_a_cold_bucket_says_why_not(people, disks):
    client = client_of(people.bob)
    made = an_object(people.bob, disks / "disk.qcow2")
    assert f"{PAGE}?object={made.pk.hex}" in client.get(made.get_absolute_url()).content.decode()
    cold = an_object(people.bob, storage_class="cold")
    assert "Standard buckets only" in client.get(cold.get_absolute_url()).content.decode()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"object": ""}, "object"),
        ({"object": "nonsense"}, "object"),
        ({"object": "cold"}, "object"),
        ({"object": "carol"}, "object"),
        ({"object": "zvhd"}, "object"),
        ({"object": "text"}, "object"),
        ({"is_fast": "on"}, "is_prepared"),
        ({"is_fast": "on", "is_prepared": "on"}, "object"),  # no raw disk
        ({"data_objects": ["good"]}, "data_objects"),
        ({"data_objects": ["carol"]}, "data_objects"),
        ({"type": "data", "data_objects": ["zvhd"]}, "data_objects"),
        ({"type": "iso", "is_fast": "on", "is_prepared": "on"}, "is_fast"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(people, disks, fields, field):
    there = {
        "good": an_object(people.bob, disks / "disk.qcow2"),
        "cold": an_object(people.bob, storage_class="cold"),
        "carol": an_object(people.carol),
        "zvhd": an_object(people.bob, key="disk.zvhd"),
        "text": an_object(people.bob, content=b"just text " * 999),
    }
    sent = {"type": "system", "object": "good", "format": "", **fields}
    sent["object"] = there[sent["object"]].pk if sent["object"] in there else sent["object"]
    sent["data_objects"] = [there[name].pk for name in sent.get("data_objects", [])]
    answer = client_of(people.bob).post(PAGE, sent)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not Image.objects.exists()


@pytest.mark.slow(reason="several objects are imported at once")
def test_data_disks_come_along_from_their_own_objects(people, disks):
    system, client = an_object(people.bob, disks / "disk.qcow2"), client_of(people.bob)
    data = [an_object(people.bob, disks / name, name) for name in ("disk.vdi", "sparse.vmdk")]
    sent = {"type": "system", "object": system.pk, "format": "", "data_objects": [each.pk for each in data]}
    step = client.post(PAGE, sent)
    rows = list(client.get(step["Location"]).context["form"].data_disks.rows)
    chosen = {
        f"details-data_{n}_upload": file.value()
        for n, (file, _name, _gb) in enumerate(rows, 1)
        if file.value()
    }
    assert len(chosen) == 2
    confirm = client.post(step["Location"], {**DETAILS, **chosen}, follow=True)
    client.post(confirm.redirect_chain[-1][0], {})
    run_jobs()
    made = {image.source_name: image for image in Image.objects.all()}
    assert sorted(image.type for image in made.values()) == ["data", "data", "system"]
    assert {image.status for image in made.values()} == {"active"}
    assert set(made) == {f"{each.bucket.name}:{each.key}" for each in (system, *data)}


def test_one_object_that_is_no_disk_keeps_all_back(people, disks):
    system = an_object(people.bob, disks / "disk.qcow2")
    text = an_object(people.bob, content=b"just text " * 999)
    sent = {"type": "system", "object": system.pk, "format": "", "data_objects": [text.pk]}
    answer = client_of(people.bob).post(PAGE, sent)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["data_objects"])
    assert upload_files() == []
    assert used_by(people.bob.project)["upload_bytes"] == 0


def test_an_iso_of_the_wrong_type_waits_among_the_uploads(people, disks):
    made = an_object(people.bob, disks / "disk.qcow2")
    answer = client_of(people.bob).post(PAGE, {"type": "iso", "object": made.pk, "format": ""})
    assert bare(answer["Location"]) == reverse("uploads:detail", args=[Upload.objects.get().pk])


def test_readers_cannot_take_objects(people):
    made = an_object(people.bob)
    answer = client_of(people.dave).post(PAGE, {"type": "system", "object": made.pk, "format": ""})
    assert answer.status_code == 409
    assert code_of(lambda: take(made, actor=people.dave)) == "read-only"
    assert not Upload.objects.exists()


def test_limits_are_settings():
    assert (settings.IMS_IMPORT_MAX_GB, settings.IMS_FAST_IMPORT_MAX_GB) == (128, 1024)
