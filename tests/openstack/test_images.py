"""Stored disks in a real Glance, where it is not like files: unfinished images, marks that are inherited or forged, images that are lent."""

import hashlib
import os
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from openstack.connection import Connection

from imsconsole.core.errors import BadImage, NotFound, Unsupported
from imsconsole.engine.api import Shared
from imsconsole.engine.openstack import CloudSettings, OpenStackEngine
from imsconsole.engine.openstack.images import Images, StoredSource
from imsconsole.engine.openstack.streams import Body
from imsconsole.engine.types import MIB, FileSink, FileSource, Key, Kind
from tests.engine.guests import Stopped, TestWork, stop_at, stored_image, tiny_disk
from tests.engine.promises import Content, reading
from tests.engine.systems import make_disk, root_of
from tests.openstack.there import as_user

pytestmark = [pytest.mark.cloud, pytest.mark.slow(reason="a cloud is asked, and one waits for it")]
JOB = uuid4().hex


def attempt(number: int) -> TestWork:
    return TestWork(f"{JOB}-{number}-store")


def body(content: bytes) -> Body:
    return Body(lambda: BytesIO(content), len(content))


def give(user: Connection, image_id: str, content: bytes) -> None:
    octets = {"Content-Type": "application/octet-stream"}
    user.image.put(f"/images/{image_id}/file", data=content, headers=octets).raise_for_status()


def statuses(images: Images, id: UUID) -> list[tuple[str, str]]:
    return sorted((image["ims_kind"], image["ims_token"]) for image in images.kept.ours(ims_id=str(id)))


@pytest.fixture
def content(cloud_engine: OpenStackEngine) -> Content:
    return reading(cloud_engine)


@pytest.fixture
def images(cloud_engine: OpenStackEngine) -> Images:
    return cloud_engine._images


def test_what_a_killed_attempt_left_is_no_disk_and_goes_with_the_next(
    cloud_engine: OpenStackEngine, images: Images, place: Path
) -> None:
    """As after a kill: an image that has no bytes yet, and one of a later attempt, which is not ours to remove."""
    disk_id, left = uuid4(), {}
    for number in (1, 3):
        marks = images.kept.marks(left.setdefault(number, str(uuid4())), disk_id, attempt(number))
        images.glance.create(left[number], name="left", disk_format="qcow2", container_format="bare", **marks)
    assert cloud_engine.find(Kind.STORED, disk_id) == ()
    assert cloud_engine.inventory().stored == frozenset()
    assert cloud_engine.inventory().scraps == {attempt(1).token, attempt(3).token}
    source = FileSource(tiny_disk(place / "source.raw"))
    stored = cloud_engine.ingest(disk_id, source, format="raw", work=attempt(2))
    assert statuses(images, disk_id) == [("stored", attempt(2).token), ("work", attempt(3).token)]
    assert cloud_engine.find(Kind.STORED, disk_id) == (stored.ref,)
    cloud_engine.sweep(f"{JOB}-")
    assert statuses(images, disk_id) == [("stored", attempt(2).token)]


def test_of_two_whole_ones_that_of_the_highest_attempt_goes_on(
    cloud_engine: OpenStackEngine, images: Images
) -> None:
    """The first attempt wakes up when the second has finished, and has not heard of it."""
    disk_id = uuid4()
    newer = images.kept.keep(disk_id, body(b"new"), "iso", 3, attempt(2))
    older = images.kept.keep(disk_id, body(b"old"), "iso", 3, attempt(1))
    assert cloud_engine.find(Kind.STORED, disk_id) == (newer.ref, older.ref)
    taken = cloud_engine.transfer(disk_id, FileSource(Path("/")), checksum="", format="iso", work=attempt(3))
    assert cloud_engine.inventory().stored == {taken.ref} == {newer.ref}
    assert taken.checksum == f"sha512:{hashlib.sha512(b'new').hexdigest()}"


def test_an_image_made_of_ours_is_not_ours_with_the_marks_it_inherited(
    cloud_engine: OpenStackEngine, images: Images, demo: Connection, place: Path
) -> None:
    stored = stored_image(cloud_engine, place)
    ours = images.stored(stored.ref)
    inherited = {name: value for name, value in ours.items() if name.startswith("ims_")}
    options = {"name": "made of it", "disk_format": "raw", "container_format": "bare", **inherited}
    made = demo.image.post("/images", json=options).json()
    give(demo, made["id"], b"theirs")
    assert cloud_engine.inventory().stored == {stored.ref}
    assert made["id"] in {each.cloud_id for each in cloud_engine.foreign()}
    with pytest.raises(NotFound):
        cloud_engine.open(f"{ours['ims_id']}.{made['id']}")
    cloud_engine.discard([UUID(ours["ims_id"])], ours["ims_token"], work=TestWork())
    assert [
        image["id"] for image in demo.image.get("/images", params={"name": "made of it"}).json()["images"]
    ]


def test_nobody_elses_image_is_ours_whatever_it_says(cloud_engine: OpenStackEngine, images: Images) -> None:
    """One of another project that everybody can see, with all of our marks."""
    other, image_id, disk_id = as_user("other"), str(uuid4()), uuid4()
    marks = {**images.kept.marks(image_id, disk_id, TestWork()), "ims_kind": "stored"}
    options = {"name": "forged", "disk_format": "raw", "container_format": "bare", "visibility": "community"}
    other.image.post("/images", json={"id": image_id, **options, **marks}).raise_for_status()
    try:
        give(other, image_id, b"forged")
        assert cloud_engine.inventory().stored == frozenset()
        assert cloud_engine.find(Kind.STORED, disk_id) == ()
        assert image_id not in {each.cloud_id for each in cloud_engine.foreign()}
        for ref in (f"{disk_id}.{image_id}", f"{image_id}.{image_id}"):
            with pytest.raises(NotFound):
                cloud_engine.open(ref)
            cloud_engine.delete(ref, work=TestWork())
        assert other.image.get(f"/images/{image_id}").json()["status"] == "active"
    finally:
        other.image.delete(f"/images/{image_id}")


@pytest.fixture
def lent(cloud: CloudSettings, place: Path) -> Iterator[dict[str, str]]:
    """What the cloud's administrator offers to everyone: a qcow2 that is compressed, a raw disk, a VDI."""
    admin, made = as_user("admin"), {}
    tiny_disk(place / "lent.raw")
    convert = ["qemu-img", "convert", "-c", "-O", "qcow2", "-f", "raw", "lent.raw", "lent.qcow2"]
    subprocess.run(convert, cwd=place, check=True)
    subprocess.run(
        ["qemu-img", "convert", "-O", "vdi", "-f", "raw", "lent.raw", "lent.vdi"], cwd=place, check=True
    )
    said = {"os_distro": "Debian", "os_version": "12", "architecture": "x86_64", "hw_firmware_type": "uefi"}
    options = {"container_format": "bare", "visibility": "public", "min_ram": 64, "min_disk": 2, **said}
    try:
        for format in ("qcow2", "raw", "vdi"):
            values = {"name": f"{cloud.console} {format}", "disk_format": format, **options}
            made[format] = admin.image.post("/images", json=values).json()["id"]
            give(admin, made[format], (place / f"lent.{format}").read_bytes())
        yield made
    finally:
        for image_id in made.values():
            admin.image.delete(f"/images/{image_id}")


def test_an_image_of_the_cloud_is_lent_and_stays(
    cloud_engine: OpenStackEngine, lent: dict[str, str], place: Path
) -> None:
    engine, content = cloud_engine, (place / "lent.qcow2").read_bytes()
    assert isinstance(engine, Shared)
    offered = {each.cloud_id: each for each in engine.public_images()}[lent["qcow2"]]
    assert (offered.os_id, offered.os_version) == ("debian", "12")
    assert (offered.architecture, offered.boot_mode) == ("x86", "uefi")
    assert (offered.min_memory_mb, offered.min_disk_gb, offered.size_bytes) == (64, 2, len(content))
    adopted = engine.adopt(lent["qcow2"])
    assert (adopted.format, adopted.virtual_size_bytes) == ("qcow2", 4 * MIB)
    assert adopted.checksum == offered.checksum == f"sha512:{hashlib.sha512(content).hexdigest()}"
    assert engine.find(Kind.STORED, UUID(lent["qcow2"])) == (adopted.ref,)
    assert engine.verify(adopted.ref, adopted.checksum, work=TestWork())
    engine.export(adopted.ref, FileSink(place / "back.raw"), format="raw", work=TestWork())
    assert (place / "back.raw").read_bytes() == (place / "lent.raw").read_bytes()
    assert adopted.ref not in engine.inventory().stored
    engine.delete(adopted.ref, work=TestWork())
    engine.discard([UUID(lent["qcow2"])], "any", work=TestWork())
    assert engine.adopt(lent["qcow2"]) == adopted
    with pytest.raises(Unsupported) as refusal:
        engine.adopt(lent["vdi"])
    assert (refusal.value.code, refusal.value.values) == ("adopt-format", {"format": "vdi"})


def test_a_raw_image_of_the_cloud_leaves_it_as_disks_are_kept(
    cloud_engine: OpenStackEngine, lent: dict[str, str], place: Path
) -> None:
    engine, content = cloud_engine, (place / "lent.raw").read_bytes()
    adopted = engine.adopt(lent["raw"])  # type: ignore[attr-defined]
    assert (adopted.format, adopted.size_bytes, adopted.virtual_size_bytes) == ("raw", 4 * MIB, 4 * MIB)
    assert engine.verify(adopted.ref, adopted.checksum, work=TestWork())
    for format, file in (("stored", "back.qcow2"), ("raw", "back.raw")):
        engine.export(adopted.ref, FileSink(place / file), format=format, work=TestWork())
    assert (place / "back.raw").read_bytes() == content
    assert holds(place / "back.qcow2", content)
    source = StoredSource(adopted.size_bytes, lambda offset: engine.open(adopted.ref, offset))
    came = engine.transfer(uuid4(), source, checksum=adopted.checksum, format="raw", work=TestWork())
    copied = engine.copy(uuid4(), adopted.ref, work=TestWork())
    for each in (came, copied):
        assert (each.format, each.virtual_size_bytes) == ("qcow2", 4 * MIB)
        engine.export(each.ref, FileSink(place / "again.raw"), format="raw", work=TestWork())
        assert (place / "again.raw").read_bytes() == content


def holds(qcow2: Path, content: bytes) -> bool:
    """Whether it is the disk with that content."""
    back = qcow2.with_suffix(".disk")
    subprocess.run(["qemu-img", "convert", "-f", "qcow2", "-O", "raw", qcow2, back], check=True)
    return back.read_bytes() == content


def test_the_system_is_read_where_it_is(
    cloud_engine: OpenStackEngine, images: Images, monkeypatch: pytest.MonkeyPatch, place: Path
) -> None:
    """A few ranges of the file, not all of it."""
    made, read = make_disk(place / "debian.raw", root_of(place / "root")), []
    with made.open("r+b") as file:
        file.seek(0, 2)
        file.write(os.urandom(8 * MIB))
    stored = cloud_engine.ingest(uuid4(), FileSource(made), format="raw", work=TestWork())
    plain = images.glance.read

    def counted(*args: object) -> bytes:
        read.append(len(piece := plain(*args)))
        return piece

    monkeypatch.setattr(images.glance, "read", counted)
    assert cloud_engine.system_on(stored.ref).os_id == "debian"
    assert sum(read) < 3 * MIB < stored.size_bytes


def test_what_glance_does_not_take_is_refused_and_leaves_nothing(
    cloud_engine: OpenStackEngine, images: Images
) -> None:
    """A qcow2 over another file, as it could come from another region."""
    head = struct.pack(
        ">4sIQIIQIIQQIIQQQQII", b"QFI\xfb", 3, 112, 11, 16, MIB, 0, 1, 65536, 131072, 1, 0, 0, 0, 0, 0, 4, 104
    )
    content = (head.ljust(112, b"\0") + b"/etc/passwd").ljust(MIB, b"\0")
    disk_id = uuid4()
    with pytest.raises(BadImage) as refusal:
        images.kept.keep(disk_id, body(content), "qcow2", MIB, TestWork())
    assert refusal.value.code == "cloud-refuses-image"
    assert statuses(images, disk_id) == []


def test_work_that_was_lost_leaves_to_its_successor_what_that_took_over(
    cloud_engine: OpenStackEngine, images: Images
) -> None:
    disk_id, taken = uuid4(), []

    def overtaken(number: int) -> None:
        if number == 3:  # it is whole
            taken.append(images.kept.taken_over(disk_id, attempt(2)))
            raise Stopped

    with pytest.raises(Stopped):
        images.kept.keep(disk_id, body(b"iso"), "iso", 3, replace(attempt(1), on_hold=overtaken))
    assert cloud_engine.inventory().stored == {taken[0].ref}
    with pytest.raises(Stopped):
        images.kept.keep(uuid4(), body(b"iso"), "iso", 3, TestWork(on_hold=stop_at(3)))
    assert cloud_engine.inventory().stored == {taken[0].ref}


def test_a_copy_has_the_bytes_and_stands_alone(
    cloud_engine: OpenStackEngine, content: Content, place: Path
) -> None:
    stored = stored_image(cloud_engine, place)
    copied = cloud_engine.copy(uuid4(), stored.ref, work=TestWork())
    assert replace(copied, ref=stored.ref) == stored
    kept = content(stored.ref)
    cloud_engine.delete(stored.ref, work=TestWork())
    assert content(copied.ref) == kept
    with pytest.raises(NotFound):
        cloud_engine.copy(uuid4(), stored.ref, work=TestWork())
    with pytest.raises(Unsupported):
        cloud_engine.copy(uuid4(), copied.ref, work=TestWork(), new_key=Key(uuid4(), bytes))
    assert cloud_engine.inventory().stored == {copied.ref}
    assert not cloud_engine.inventory().scraps
