"""The job image.import: from an uploaded file to a Normal image; whatever happens, nothing is left over."""

import subprocess
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection

from images.create.jobs import ImportImage
from images.create.rules import Import
from images.create.services import import_image
from images.fields.rules import can_import
from images.models import Image, ImageDisk, Upload
from images.uploads.clock import expire_uploads
from images.verify.store_check import differences
from imsconsole.audit.models import Event
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.stored.clock import remove_unused_bytes
from imsconsole.core.rules import Refused
from imsconsole.engine.types import GIB, MIB
from imsconsole.jobs.models import Job, Reservation
from imsconsole.jobs.quotas import used_by
from imsconsole.jobs.services import cancel_job, retry_job
from tests import factories
from tests.images.create.importing import FORMATS, ISOS, imported, upload_files, uploaded, work_files
from tests.support.faults import faulty_engine
from tests.support.workers import finish, kill_at_every_step

pytestmark = pytest.mark.django_db


def stored() -> frozenset[str]:
    return engine_for("cn-north-4").inventory().stored


def stored_file(disk: ImageDisk, folder: Path) -> Path:
    """The stored bytes, read through the boundary."""
    copy = folder / disk.ref
    with engine_for("cn-north-4").open(disk.ref) as stream:
        copy.write_bytes(stream.read())
    return copy


def assert_clean() -> None:
    assert [difference.what for difference in differences()] == []


# rule ------------------------------------------------------------------------------------------------


def test_who_writes_may_import(people: SimpleNamespace):
    assert can_import(people.alice)
    assert can_import(people.bob)
    assert can_import(people.carol)
    assert can_import(people.dave).code == "read-only"


def test_the_quota_of_images_ends_imports(people: SimpleNamespace):
    """IMG.0015, C3"""
    people.bob.project.quotas = {"images": 1}
    assert can_import(people.bob)
    factories.ImageFactory(project=people.bob.project)
    assert can_import(people.bob).code == "quota-images"


# service ---------------------------------------------------------------------------------------------


def test_an_import_begins_with_a_row_a_job_and_a_trace(people: SimpleNamespace, disks: Path):
    """R9."""
    key = factories.KeyFactory(project=people.bob.project)
    told = {"boot_mode": "uefi", "description": "made of a file", "key": key}
    made = imported(people.bob, disks / "disk.raw", tags={"team": "web"}, encrypt=True, **told)
    assert {name: getattr(made.image, name) for name in told} == told
    assert (made.image.status, made.image.category, made.image.source_kind) == ("queued", "private", "file")
    assert (made.image.source_name, made.image.created_by) == ("disk.raw", people.bob.user)
    assert made.job.reservations.get().resource == "store_bytes"
    assert [str(tag) for tag in made.image.tags.all()] == ["team=web"]
    assert Event.objects.get(action="createImage").resource_id == str(made.image.pk)


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("disk-too-small-for-file", {"min_disk_gb": 0}),  # R62
        ("disk-out-of-range", {"min_disk_gb": 1025}),  # C4
        ("disk-out-of-range", {"type": "data", "min_disk_gb": 2049}),  # C5
        ("arm-boots-uefi", {"architecture": "arm"}),  # R64
        ("file-is-not-iso", {"type": "iso"}),
        ("memory-range", {"min_ram_mb": 512, "max_ram_mb": 256}),
        ("too-many-tags", {"tags": {f"k{n}": "" for n in range(11)}}),  # R97
    ],
)
def test_what_does_not_fit_is_refused(
    people: SimpleNamespace, disks: Path, code: str, fields: dict[str, Any]
):
    with pytest.raises(Refused) as refusal:
        imported(people.bob, disks / "disk.raw", **fields)
    assert refusal.value.code == code
    assert not Image.objects.exists()
    assert not Job.objects.exists()


def test_a_disk_of_more_than_one_gb_needs_as_much(people: SimpleNamespace, tmp_path: Path):
    """R62: rounded up to whole GB."""
    big = tmp_path / "big.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", big, str(GIB + 512)], check=True)
    with pytest.raises(Refused) as refusal:
        imported(people.bob, big, min_disk_gb=1)
    assert refusal.value.code == "disk-too-small-for-file"


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("file-is-iso", {"type": "system"}),
        ("file-is-iso", {"type": "data"}),
        ("iso-needs-os", {"type": "iso"}),
    ],  # R65
)
def test_an_iso_becomes_an_iso_image_with_an_os_only(
    people: SimpleNamespace, code: str, fields: dict[str, Any]
):
    with pytest.raises(Refused) as refusal:
        imported(people.bob, ISOS["ipxe.iso"], **fields)
    assert refusal.value.code == code


def test_a_name_is_unique_in_the_project_only(people: SimpleNamespace, disks: Path):
    """R39"""
    imported(people.bob, disks / "disk.raw", name="web")
    with pytest.raises(Refused) as refusal:
        imported(people.alice, disks / "disk.raw", name="web")
    assert refusal.value.code == "image-name-taken"
    assert imported(people.carol, disks / "disk.raw", name="web").image.pk


def test_one_image_at_a_time_is_made_of_a_file(people: SimpleNamespace, disks: Path):
    imported(people.bob, disks / "disk.raw", name="first")
    with pytest.raises(Refused) as refusal:
        import_image(
            Import(upload=Upload.objects.get(), name="b", type="system", min_disk_gb=1), actor=people.bob
        )
    assert refusal.value.code == "upload-in-use"


def test_an_image_without_an_os_is_another_linux(people: SimpleNamespace, disks: Path):
    """R63"""
    assert str(imported(people.bob, disks / "disk.raw").image.os_version) == "Other Linux(64 bit)"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_choose_a_name_at_once_one_reads_a_sentence(people: SimpleNamespace, disks: Path):
    """R39, under concurrency"""
    uploads = [uploaded(actor, disks / "disk.raw") for actor in (people.alice, people.bob)]
    outcomes: list[str] = []
    gate = threading.Barrier(2)

    def choose(upload: Upload, actor: Any) -> None:
        gate.wait()
        try:
            import_image(Import(upload=upload, name="same", type="system", min_disk_gb=1), actor=actor)
            outcomes.append("made")
        except Refused as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=choose, args=pair)
        for pair in zip(uploads, (people.alice, people.bob), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["image-name-taken", "made"]
    assert Image.objects.count() == 1


# job -------------------------------------------------------------------------------------------------


@pytest.mark.slow(reason="a disk of each format is converted and compared")
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_becomes_normal_with_equal_content(
    people: SimpleNamespace, disks: Path, tmp_path: Path, name: str
):
    made = imported(people.bob, disks / name)
    assert finish(made.job).state == "done", made.job.error_sentence
    image = Image.objects.get(pk=made.image.pk)
    assert image.status == "active"
    assert image.active_at
    disk = image.disks.get()
    assert (disk.role, disk.format, disk.source_format) == (
        "system",
        "qcow2",
        FORMATS[name][0].replace("vpc", "vhd"),
    )
    compare = [
        "qemu-img",
        "compare",
        "-f",
        FORMATS[name][0],
        "-F",
        "qcow2",
        disks / name,
        stored_file(disk, tmp_path),
    ]
    compared = subprocess.run(compare, capture_output=True, text=True, check=False)
    assert compared.returncode == 0, compared.stdout
    assert_clean()


@pytest.mark.parametrize("name", ISOS)
def test_the_isos_of_debian_are_stored_as_they_are(people: SimpleNamespace, tmp_path: Path, name: str):
    os_version = factories.OsVersionFactory()
    made = imported(people.bob, ISOS[name], type="iso", os_version=os_version, min_disk_gb=40)
    assert finish(made.job).state == "done", made.job.error_sentence
    disk = made.image.disks.get()
    assert disk.format == "iso"
    assert disk.checksum == disk.source_checksum
    assert stored_file(disk, tmp_path).read_bytes() == ISOS[name].read_bytes()


def test_both_checksums_and_all_sizes_are_kept(people: SimpleNamespace, disks: Path, tmp_path: Path):
    made = imported(people.bob, disks / "stream.vmdk", type="data")
    sha256 = Upload.objects.get().found["sha256"]
    finish(made.job)
    disk = made.image.disks.get()
    assert disk.role == "data"
    assert disk.source_checksum == f"sha256:{sha256}"
    assert disk.source_size_bytes == (disks / "stream.vmdk").stat().st_size
    assert disk.size_bytes == stored_file(disk, tmp_path).stat().st_size
    assert disk.virtual_size_bytes >= 4 * 1024**2
    assert engine_for("cn-north-4").verify(
        disk.ref, disk.checksum, work=SimpleNamespace(token="t", report=lambda *a: None, hold=lambda: None)
    )


def test_the_upload_goes_when_it_has_become_an_image(people: SimpleNamespace, disks: Path):
    made = imported(people.bob, disks / "disk.raw")
    finish(made.job)
    assert not Upload.objects.exists()
    assert upload_files() == work_files() == []
    assert not Reservation.objects.exists()
    assert used_by(people.bob.project)["upload_bytes"] == 0
    assert used_by(people.bob.project)["store_bytes"] == made.image.disks.get().size_bytes


def test_running_work_does_not_need_the_upload_any_more(people: SimpleNamespace, disks: Path):
    made = imported(people.bob, disks / "disk.raw")
    kind = made.job.job_kind
    original = type(kind).store

    def store(self: Any, run: Any) -> Any:
        Upload.objects.get().path.unlink()
        return original(self, run)

    type(kind).store = store
    try:
        assert finish(made.job).state == "done"
    finally:
        type(kind).store = original


def test_a_file_that_is_gone_fails_with_a_sentence_and_a_new_try_does_not_hurt(
    people: SimpleNamespace, disks: Path
):
    made = imported(people.bob, disks / "disk.raw")
    Upload.objects.get().path.unlink()
    job = finish(made.job)
    assert (job.state, job.error_code) == ("failed", "upload-gone")
    image = Image.objects.get()
    assert image.status == "killed"
    assert "no longer there" in image.error_sentence
    Upload.objects.all().delete()
    retry_job(job, actor=people.bob)
    assert Image.objects.get().status == "queued"
    assert finish(job).state == "failed"
    assert_clean()


@pytest.fixture
def bomb(tmp_path: Path) -> Path:
    """A small file that holds a full disk of 32 MiB."""
    full, path = tmp_path / "full.raw", tmp_path / "bomb.qcow2"
    full.write_bytes(b"\x5a" * 32 * MIB)
    convert = ["qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", full, path]
    subprocess.run(convert, check=True)
    return path


def test_what_does_not_fit_into_the_quota_is_not_ordered(people: SimpleNamespace, bomb: Path):
    """Though the file itself would."""
    project = people.bob.project
    project.quotas = {"store_bytes": 16 * MIB}
    project.save()
    with pytest.raises(Refused) as refusal:
        imported(people.bob, bomb)
    assert refusal.value.code == "quota-store-bytes"
    project.quotas = {"store_bytes": 34 * MIB}
    project.save()
    import_image(Import(Upload.objects.get(), "fits", "system", 1), actor=people.bob)
    assert used_by(project)["store_bytes"] > 32 * MIB


@pytest.mark.slow(reason="a disk is made, and its import tried in vain")
def test_what_turns_out_not_to_fit_fails_before_it_is_written(people: SimpleNamespace, bomb: Path):
    project = people.bob.project
    project.quotas = {"store_bytes": 16 * MIB}
    project.save()
    made = imported(people.bob, bomb, examined=False)
    with faulty_engine() as engine:
        job = finish(made.job)
    assert (job.state, job.error_code) == ("failed", "quota-store-bytes")
    assert not [point for point in engine.points if point.startswith("ingest")]
    assert "33.0 MiB more are needed" in Image.objects.get().error_sentence
    project.quotas = {}
    project.save()
    retry_job(job, actor=people.bob)
    assert finish(job).state == "done"
    assert not Reservation.objects.exists()
    assert_clean()


def test_a_failed_import_is_retried_with_the_same_file(people: SimpleNamespace, disks: Path):
    project = people.bob.project
    made = imported(people.bob, disks / "disk.raw")
    project.quotas = {"store_bytes": 1}
    project.save()
    job = finish(made.job)
    assert (job.state, job.error_code) == ("failed", "store-quota-reached")
    assert Image.objects.get().status == "killed"
    assert stored() == frozenset()
    assert work_files() == []
    assert len(upload_files()) == 1
    project.quotas = {}
    project.save()
    retry_job(job, actor=people.bob)
    assert finish(job).state == "done"
    assert Image.objects.get().status == "active"
    assert Image.objects.get().error_code == ""
    assert_clean()


def test_a_file_that_changed_after_it_arrived_is_found_out(people: SimpleNamespace, disks: Path):
    made = imported(people.bob, disks / "disk.qcow2")
    path = Upload.objects.get().path
    path.write_bytes(path.read_bytes()[: 64 * 1024])
    job = finish(made.job)
    assert job.state == "failed"
    assert job.error_code in ("truncated", "corrupt", "unsafe-structure")
    assert stored() == frozenset()


def test_a_cancelled_import_leaves_no_bytes(people: SimpleNamespace, disks: Path):
    made = imported(people.bob, disks / "disk.raw")
    kind = type(made.job.job_kind)
    original = kind.register

    def register(self: Any, run: Any) -> Any:
        cancel_job(made.job, actor=people.bob)
        run.hold()
        return original(self, run)

    kind.register = register
    try:
        job = finish(made.job)
    finally:
        kind.register = original
    assert job.state == "cancelled"
    assert Image.objects.get().status == "killed"
    assert Image.objects.get().error_sentence == "It was cancelled."
    assert stored() == frozenset()
    assert work_files() == []
    assert not ImageDisk.objects.exists()
    expire_uploads()
    assert_clean()


@pytest.mark.slow(reason="a worker is killed or stopped some forty times")
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("on_each_engine")
def test_an_import_ends_well_however_its_worker_dies(people: SimpleNamespace, disks: Path):
    names = iter(range(1000))

    def start() -> Job:
        return imported(people.bob, disks / "disk.qcow2", examined=False, name=f"image {next(names)}").job

    def check(job: Job) -> None:
        image = Image.objects.get(pk=job.subject_id)
        assert work_files() == []
        if job.state == Job.State.DONE:
            assert image.status == "active"
            disk = image.disks.get()
            assert stored() == {disk.ref}
            assert not Upload.objects.exists()
        else:
            assert image.status == "killed"
            assert not image.disks.exists()
            assert stored() == frozenset()
        assert_clean()

    def clear(job: Job) -> None:
        for upload in Upload.objects.all():
            upload.path.unlink(missing_ok=True)
            upload.delete()
        ImageDisk.objects.filter(image=job.subject_id).delete()
        remove_unused_bytes()

    points = kill_at_every_step(ImportImage, start, check, clear)

    assert {point.split(":")[1] for point in points} == {"inspect", "store", "register", "tidy"}
    assert any(point.startswith("undo:") for point in points)
