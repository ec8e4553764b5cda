"""Out and in again: what is exported, downloaded in parts, and imported is the same disk, bit for bit."""

import hashlib
from uuid import UUID

import pytest
from django.urls import reverse

from images.capture.services import capture_server
from images.copy.services import copy_image
from images.create.from_object.taking import take
from images.create.rules import Import
from images.create.services import import_image
from images.export.jobs import exported_object
from images.export.rules import Format, can_export
from images.models import Image
from images.verify.store_check import differences
from imsconsole.cloud.buckets.store import storage, stored_name
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.keys.material import engine_key
from imsconsole.engine.types import FileSource
from imsconsole.jobs.models import Job
from tests import factories
from tests.cloud.buckets.making import bytes_elsewhere, stored
from tests.cloud.conftest import _short_stop, engine  # noqa: F401
from tests.cloud.keys.conftest import master_file  # noqa: F401
from tests.cloud.servers.machines import REGION, bootable_image, order
from tests.conftest import client_of
from tests.engine.guests import TestWork, tiny_disk
from tests.images.capture.test_capture import no_qemu  # noqa: F401
from tests.images.export.test_export import begun, bucket_of, content_of, facts
from tests.support.workers import finish, run_jobs

pytestmark = pytest.mark.django_db
CUT = 100_003


def downloaded(actor, made) -> bytes:
    """By the console, cut and gone on with."""
    client, address = client_of(actor), reverse("buckets:download", args=[made.pk])
    first = client.get(address)
    begun = b"".join(first.streaming_content)[:CUT]
    headers = {"Range": f"bytes={len(begun)}-", "If-Range": first["ETag"]}
    rest = client.get(address, headers=headers)
    assert rest.status_code == 206
    content = begun + b"".join(rest.streaming_content)
    assert hashlib.sha256(content).hexdigest() == made.sha256
    return content


def imported(actor, made, format: str) -> Image:
    """A raw disk without a partition table has to be named as one."""
    claimed = format if format == "raw" else ""
    image = import_image(
        Import(
            upload=take(made, actor=actor, claimed_format=claimed),
            name=made.name,
            type="system",
            min_disk_gb=1,
        ),
        actor=actor,
    )
    assert finish(Job.objects.live().get(subject_id=image.pk)).state == "done"
    return image


@pytest.mark.slow(reason="a disk is exported, imported and compared, in each format")
@pytest.mark.bytes
@pytest.mark.parametrize("format", [each.value for each in Format if each != Format.ZVHD])
def test_the_disk_that_comes_back_is_the_one_that_left(people, tmp_path, format):
    image = bootable_image(people.bob)
    made = exported_object(finish(begun(people.bob, image, format=format, key="out.bin")))
    there = stored(bucket_of(people.bob), people.bob, "back.bin", downloaded(people.bob, made))
    for each in (there, made):
        back = imported(people.bob, each, format)
        assert content_of(back, tmp_path) == content_of(image, tmp_path)
        assert back.disks.get().virtual_size_bytes == image.disks.get().virtual_size_bytes
    assert [each.what for each in differences()] == []


@pytest.mark.slow(reason="QEMU takes seconds to measure how it derives keys")
@pytest.mark.bytes
@pytest.mark.parametrize("format", ["qcow2", "raw"])
def test_what_leaves_an_encrypted_image_is_not_encrypted(people, tmp_path, format):
    key = factories.KeyFactory(project=people.bob.project)
    plain = tiny_disk(tmp_path / "plain.raw")
    image = factories.ImageFactory(project=people.bob.project, key=key)
    disk = factories.ImageDiskFactory(image=image)
    kept = engine_for(REGION).ingest(
        disk.pk, FileSource(plain), format="raw", work=TestWork(), key=engine_key(key, key.project_id)
    )
    factories.give_bytes(disk, kept)
    made = exported_object(finish(begun(people.bob, image, format=format)))
    assert content_of(imported(people.bob, made, format), tmp_path) == plain.read_bytes()


def test_a_key_that_is_disabled_meanwhile_ends_the_export(people, tmp_path):
    key = factories.KeyFactory(project=people.bob.project)
    image = bootable_image(people.bob)
    Image.objects.filter(pk=image.pk).update(key=key)
    job = begun(people.bob, image)
    key.state = "disabled"
    key.save(update_fields=["state"])
    job = finish(job)
    assert (job.state, job.error_code) == ("failed", "key-not-enabled")
    assert [each.what for each in differences()] == []


@pytest.mark.slow(reason="a disk is exported to another storage and imported from there")
def test_it_goes_to_a_storage_elsewhere_and_comes_back_from_there(people, tmp_path):
    image = bootable_image(people.bob)
    with bytes_elsewhere():
        job = finish(begun(people.bob, image, format="vhd"))
        made = exported_object(job)
        assert storage().exists(stored_name(made.pk))
        upload = take(made, actor=people.bob)
        assert finish(Job.objects.live().get()).state == "done"
    upload.refresh_from_db()
    back = import_image(Import(upload=upload, name="back", type="system", min_disk_gb=1), actor=people.bob)
    run_jobs()
    assert content_of(back, tmp_path) == content_of(image, tmp_path)
    assert [each.what for each in differences()] == []


@pytest.mark.slow(reason="a server is made, captured and its image copied")
def test_r73_what_was_captured_and_copied_from_a_licensed_public_image_stays_here(people, engine, no_qemu):  # noqa: F811
    """Through a server, an image of it, and a copy of that: by the services themselves."""
    public = bootable_image(people.bob, name="windows")
    os_version = factories.OsVersionFactory(name="win", platform="Windows", os_type="Windows")
    Image.objects.filter(pk=public.pk).update(category="public", project=None, os_version=os_version)
    public.refresh_from_db()
    (server,) = order(people.bob, public)
    run_jobs()
    server.refresh_from_db()
    captured = capture_server(server, name="captured", actor=people.bob)
    run_jobs()
    copied = copy_image(Image.objects.get(pk=captured.pk), name="copied", actor=people.bob)
    run_jobs()
    for image in (captured, copied):
        assert facts(image, people.bob).status == "active"
        assert can_export(facts(image, people.bob), people.bob).code == "from-licensed"


def test_an_object_has_the_id_of_the_attempt_that_made_it(people):
    """So a worker that wakes up late cannot touch it."""
    job = finish(begun(people.bob))
    assert exported_object(job).pk == UUID(job.results["place"]["object"]) != UUID(job.args["object"])
