"""An OVA becomes the uploads of its disks, and these images; whatever happens, nothing is left over."""

import base64
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from images.create.from_object.jobs import TakeObject
from images.create.from_object.taking import take
from images.create.jobs import ImportImage
from images.create.rules import DataDisk, Import
from images.create.services import import_image
from images.models import Image, Upload
from images.receiving.receiver import Receiver
from images.uploads.archives import begin_disks, beside
from images.uploads.conclusion import conclude
from images.uploads.found import found_of
from images.uploads.services import discard_upload, start_upload
from images.verify.orphans import orphans
from images.verify.store_check import differences
from imsconsole.accounts.actor import Actor
from imsconsole.core.errors import Unavailable
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import used_by
from tests.cloud.buckets.making import bytes_elsewhere
from tests.conftest import client_of
from tests.images.create.importing import DETAILS, draft_after, image_of, upload_files, work_files
from tests.images.create.test_import_object import an_object
from tests.images.export.test_export import content_of
from tests.support.faults import faulty_engine
from tests.support.ova import ova, ovf, stream_vmdk
from tests.support.workers import finish, kill_at_every_step, run_jobs

pytestmark = pytest.mark.django_db
NAMES = ["system.vmdk", "data.vmdk"]


@pytest.fixture(scope="module")
def vmdk(disks: Path) -> bytes:
    return stream_vmdk(disks / "disk.raw")


@pytest.fixture(scope="module")
def archive(vmdk: bytes) -> bytes:
    return ova(dict.fromkeys(NAMES, vmdk))


def arrived(actor: Actor, content: bytes, name: str = "machine.ova", **wanted: str) -> Upload:
    receiver = Receiver(start_upload(name=name, size_bytes=len(content), actor=actor))
    receiver.feed(content)
    return conclude(receiver, claimed=wanted.get("claimed", ""), sha256="", actor=actor)


def assert_nothing_is_left() -> None:
    assert (upload_files(), work_files(), [each.what for each in differences()]) == ([], [], [])


def test_an_archive_becomes_an_upload_of_each_disk(people: SimpleNamespace, archive: bytes, vmdk: bytes):
    upload = arrived(people.bob, archive)
    (data,) = beside(upload)
    assert (upload.name, data.name) == ("machine.ova", "machine.ova: data.vmdk")
    for each in (upload, data):
        found = found_of(each)
        assert (found.format, found.part.size_bytes, found.machine.memory_mb) == ("vmdk", len(vmdk), 1024)
        assert (each.state, each.size_bytes) == ("complete", len(vmdk))
    assert upload.path.samefile(data.path)
    assert used_by(people.bob.project)["upload_bytes"] == 2 * len(vmdk)
    assert list(orphans()) == []
    import_image(Import(upload=data, name="data", type="data", min_disk_gb=1), actor=people.bob)
    part = Job.objects.get(kind=ImportImage.kind).args["part"]
    assert part == data.found["part"] != upload.found["part"]


def test_what_a_crash_left_of_it_is_made_anew(people: SimpleNamespace, archive: bytes):
    upload = arrived(people.bob, archive)
    found = found_of(upload)
    (data,) = beside(upload)
    Upload.objects.filter(pk=upload.pk).update(state="receiving", size_bytes=len(archive))
    Upload.objects.filter(pk=data.pk).update(state="receiving", size_bytes=0)
    upload.refresh_from_db()
    receiver = Receiver(upload)
    receiver.feed(archive[receiver.received_bytes :])
    conclude(receiver, claimed="", sha256="", actor=people.bob)
    assert [each.name for each in beside(upload)] == ["machine.ova: data.vmdk"]
    assert found_of(upload) == found
    assert [each.what for each in orphans()] == [f"uploaded file {data.path.name} belongs to no upload"]


def test_who_discards_one_disk_keeps_the_other_and_the_bytes_go_with_the_last(
    people: SimpleNamespace, archive: bytes
):
    upload = arrived(people.bob, archive)
    (data,) = beside(upload)
    discard_upload(upload, actor=people.bob)
    assert data.path.stat().st_size == len(archive)
    discard_upload(data, actor=people.bob)
    assert_nothing_is_left()


def test_who_discards_it_while_it_is_completed_leaves_nothing(people: SimpleNamespace, archive: bytes):
    upload = arrived(people.bob, archive)
    found = found_of(upload)
    begin_disks(upload, SimpleNamespace(disks=(found, found), sha256=""))
    assert Upload.objects.filter(state="receiving").count() == 1
    discard_upload(upload, actor=people.bob)
    assert not Upload.objects.filter(state="receiving").exists()


def test_without_an_engine_it_is_not_complete(people: SimpleNamespace, archive: bytes):
    with (
        faulty_engine("qemu_img:1", error=Unavailable("qemu-img-failed", detail="")),
        pytest.raises(Unavailable),
    ):
        arrived(people.bob, archive)
    assert upload_files() == []


def test_a_client_that_lost_the_last_answer_is_told_that_all_is_there(
    people: SimpleNamespace, archive: bytes
):
    client = client_of(people.bob)
    told = base64.b64encode(b"machine.ova").decode()
    begun = client.post(
        "/uploads/tus/",
        headers={
            "Tus-Resumable": "1.0.0",
            "Upload-Length": str(len(archive)),
            "Upload-Metadata": f"filename {told}",
        },
    )
    chunk = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0"}
    sent = client.patch(
        begun["Location"], archive, content_type="application/offset+octet-stream", headers=chunk
    )
    assert (sent.status_code, sent["Upload-Offset"]) == (204, str(len(archive)))
    head = client.head(begun["Location"], headers={"Tus-Resumable": "1.0.0"})
    assert (head["Upload-Offset"], head["Upload-Length"]) == (str(len(archive)),) * 2


@pytest.mark.slow(reason="all disks of an archive are converted and compared")
@pytest.mark.parametrize("way", ["upload", "object", "elsewhere"])
def test_its_disks_become_images_with_their_content(
    people: SimpleNamespace, archive: bytes, disks: Path, tmp_path: Path, way: str
):
    if way == "upload":
        upload = arrived(people.bob, archive)
    elif way == "object":
        upload = take(an_object(people.bob, content=archive, key="machine.ova"), actor=people.bob)
    else:
        with bytes_elsewhere():
            upload = take(an_object(people.bob, content=archive, key="machine.ova"), actor=people.bob)
            finish(Job.objects.about(upload.pk).get())
        upload.refresh_from_db()
    along = [DataDisk(each, "web-data", 2) for each in beside(upload)]
    image = import_image(
        Import(upload=upload, name="web", type="system", min_disk_gb=1, data_disks=along), actor=people.bob
    )
    run_jobs()
    made = {each.name: each for each in Image.objects.all()}
    assert {name: (each.type, each.status) for name, each in made.items()} == {
        "web": ("system", "active"),
        "web-data": ("data", "active"),
    }
    for each in made.values():
        assert content_of(each, tmp_path) == (disks / "disk.raw").read_bytes()
    assert image.disks.get().source_format == "vmdk"
    if way == "upload":
        assert_nothing_is_left()


@pytest.mark.slow(reason="two disks of an archive are converted")
def test_a_disk_that_is_not_as_the_manifest_says_is_refused_and_the_other_imported(
    people: SimpleNamespace, vmdk: bytes, archive: bytes
):
    place = archive.rindex(vmdk) + len(vmdk) - 600
    damaged = archive[:place] + bytes([archive[place] ^ 1]) + archive[place + 1 :]
    upload = arrived(people.bob, damaged)
    along = [DataDisk(each, "web-data", 1) for each in beside(upload)]
    import_image(
        Import(upload=upload, name="web", type="system", min_disk_gb=1, data_disks=along), actor=people.bob
    )
    run_jobs()
    assert Image.objects.get(name="web").status == "active"
    failed = Image.objects.get(name="web-data")
    assert (failed.status, failed.error_code) == ("killed", "ova-checksum")
    assert "data.vmdk" in failed.error_sentence


@pytest.mark.slow(reason="a worker is killed or stopped at every point of the job")
@pytest.mark.django_db(transaction=True)
def test_an_archive_that_is_fetched_survives_every_death_of_its_worker(
    people: SimpleNamespace, archive: bytes
):
    made = an_object(people.bob, content=archive, key="machine.ova")

    def start() -> Job:
        with bytes_elsewhere():
            return Job.objects.get(subject_id=take(made, actor=people.bob).pk)

    def check(job: Job) -> None:
        there = Upload.objects.filter(archive=job.subject_id)
        assert there.count() == (2 if job.state == "done" else 0)
        assert {each.path.read_bytes() for each in there} <= {archive}
        assert [each.what for each in differences()] == []
        assert (len(upload_files()), work_files()) == (there.count(), [])

    def clear(job: Job) -> None:
        for upload in Upload.objects.all():
            upload.path.unlink(missing_ok=True)
            upload.delete()

    kill_at_every_step(TakeObject, start, check, clear, own="do:complete|undo")


@pytest.mark.slow(reason="a worker is killed or stopped at every point of the job")
@pytest.mark.django_db(transaction=True)
def test_an_import_of_a_part_survives_every_death_of_its_worker(people: SimpleNamespace, archive: bytes):
    names = iter(range(10_000))

    def start() -> Job:
        upload = arrived(people.bob, archive)
        order = Import(upload=upload, name=f"web-{next(names)}", type="system", min_disk_gb=1)
        return Job.objects.get(subject_id=import_image(order, actor=people.bob).pk)

    def check(job: Job) -> None:
        image = Image.objects.get(pk=job.subject_id)
        assert image.status == ("active" if job.state == "done" else "killed")
        assert [each.what for each in differences()] == []

    def clear(job: Job) -> None:
        for upload in Upload.objects.all():
            upload.path.unlink(missing_ok=True)
            upload.delete()

    kill_at_every_step(ImportImage, start, check, clear, own="inspect|store", undo=False)


# page --------------------------------------------------------------------------------------------------------


def test_the_wizard_begins_with_what_the_archive_says(people: SimpleNamespace, vmdk: bytes):
    told = ovf(NAMES, name="shop front", memory_mb=2048, os="Ubuntu Linux (64-bit) 22.04")
    client = client_of(people.bob)
    page = client.get(
        draft_after(client, ova(dict.fromkeys(NAMES, vmdk), descriptor=told), name="machine.ova")
    )
    given = page.context["form"].initial
    assert (given["name"], given["min_ram_mb"], given["boot_mode"]) == ("shop front", 2048, "bios")
    assert str(given["os_version"]) == "Ubuntu 22.04 server 64bit"
    data = Upload.objects.get(name="machine.ova: data.vmdk")
    assert (given["data_1_upload"], given["data_1_gb"]) == (data.pk, 1)
    assert text_of(page, "boot_mode").startswith("Found in the file: BIOS. It must be")
    assert text_of(page, "os_version") == "Found in the file: Ubuntu 22.04 server 64bit."
    assert text_of(page, "name") == "Found in the file: shop front."
    assert "Found" not in text_of(page, "architecture")
    text = " ".join(page.content.decode().split())
    assert "machine.ova: data.vmdk" in text
    assert "shop front</span> · 2 vCPUs · 2048 MB · BIOS" in text


def text_of(page: Any, field: str) -> str:
    return str(page.context["form"].fields[field].help_text)


@pytest.mark.slow(reason="an archive is uploaded and imported by the pages")
def test_both_are_made_by_the_wizard(people: SimpleNamespace, archive: bytes):
    client = client_of(people.bob)
    details = draft_after(client, archive, name="machine.ova")
    data = Upload.objects.get(name="machine.ova: data.vmdk")
    rows = {"details-data_1_upload": str(data.pk), "details-data_1_name": "", "details-data_1_gb": ""}
    confirm = client.post(details, {**DETAILS, **rows})
    assert confirm.status_code == 302, confirm.content.decode()
    page = client.get(confirm["Location"])
    assert "web server-data-1" in page.content.decode()
    made = image_of(client.post(confirm["Location"], {"draft": "once"}))
    assert (made.name, Image.objects.exclude(pk=made.pk).get().name) == ("web server", "web server-data-1")


def test_another_person_s_archive_is_nobody_else_s(people: SimpleNamespace, archive: bytes):
    (data,) = beside(arrived(people.bob, archive))
    assert client_of(people.alice).get(f"/uploads/{data.pk}/").status_code == 404
    assert client_of(people.carol).get(f"/uploads/{data.pk}/").status_code == 404
