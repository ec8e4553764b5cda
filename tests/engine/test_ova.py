"""Archives of virtual machines: what is told of them, where their disks lie, and what is refused."""

import subprocess
import tarfile
from pathlib import Path
from uuid import uuid4

import pytest

from imsconsole.core.errors import BadImage
from imsconsole.engine.inspection import Inspector, find_system, inspect_file
from imsconsole.engine.local import LocalEngine
from imsconsole.engine.types import GIB, MIB, FileSource, Found, Machine, Part
from tests.engine.contract import TestWork
from tests.engine.hostile import Disks
from tests.engine.hostile_ovas import HOSTILE
from tests.support.ova import ova, ovf

LIMIT = 1024 * GIB


@pytest.fixture(scope="module")
def disks(tmp_path_factory: pytest.TempPathFactory) -> Disks:
    return Disks(tmp_path_factory.mktemp("ova-disks"))


def looked_at(content: bytes, folder: Path, engine: LocalEngine) -> Found:
    """As it arrives, then the finished file, in the sandbox."""
    inspector = Inspector(LIMIT)
    inspector.feed(content)
    arrived = inspector.finish("ova")
    assert (arrived.format, arrived.size_bytes) == ("ova", len(content))
    path = folder / "machine.ova"
    path.write_bytes(content)
    return inspect_file(path, limit_virtual_bytes=LIMIT, run=engine.qemu_img, claimed="ova")


def test_an_archive_tells_its_machine_and_where_its_disks_lie(disks: Disks, place: Path, local: LocalEngine):
    content = ova({"system.vmdk": disks.get("stream"), "data.vmdk": disks.get("vmdk")})
    found = looked_at(content, place, local)
    system, data = found.disks
    assert (system.format, system.variant, data.variant) == ("vmdk", "streamOptimized", "monolithicSparse")
    assert system.machine == Machine(
        "web server", 2, 1024, "bios", "debian", "12", "Debian GNU/Linux 12 (64-bit)"
    )
    assert (system.partition_table, system.boot_modes, system.virtual_size_bytes) == (
        "gpt",
        ("uefi",),
        8 * MIB,
    )
    for disk in (system, data):
        start = disk.part.offset
        assert content[start : start + disk.part.size_bytes].startswith(b"KDMV")
        assert disk.part.checksum.startswith("sha256:")
        assert disk.needed_bytes > 0


@pytest.mark.parametrize(
    "name", ["stream", "footed", "vmdk", "qcow2", "qcow1", "vhd", "fixed", "vhdx", "vdi", "gpt.raw"]
)
def test_a_disk_of_any_format_is_stored_from_where_it_lies(
    disks: Disks, place: Path, local: LocalEngine, name: str
):
    data = disks.footed if name == "footed" else disks.get(name)
    found = looked_at(ova({"first.bin": data}), place, local).disks[0]
    source = FileSource(place / "machine.ova", part=found.part)
    assert source.open(4).read() == data[4:]
    stored = local.ingest(uuid4(), source, format=found.format, work=TestWork())
    with local.open(stored.ref) as stream:
        (place / "back.qcow2").write_bytes(stream.read())
    back = ["qemu-img", "compare", "-f", "raw", "-F", "qcow2", disks.folder / "gpt.raw", "back.qcow2"]
    assert subprocess.run(back, cwd=place, capture_output=True).returncode == 0


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("algorithm", ["", "sha1", "sha256", "sha512"])
def test_every_kind_of_archive_and_manifest_is_read(
    disks: Disks, place: Path, local: LocalEngine, format: int, algorithm: str
):
    name = "一块磁盘.vmdk" if format == tarfile.PAX_FORMAT else "disk.vmdk"
    found = looked_at(ova({name: disks.get("stream")}, format=format, algorithm=algorithm), place, local)
    assert found.disks[0].part.name == name
    assert found.disks[0].part.checksum.partition(":")[0] == algorithm


def test_the_order_of_disks_is_that_of_the_controllers_and_what_boots_comes_first(
    disks: Disks, place: Path, local: LocalEngine
):
    names = ["one.vmdk", "two.vmdk"]
    both = dict.fromkeys(names, disks.get("stream"))
    turned = looked_at(ova(both, descriptor=ovf(names, reverse=True)), place, local)
    assert [disk.part.name for disk in turned.disks] == ["two.vmdk", "one.vmdk"]
    blank = disks.create("blank", "-f", "vmdk", "-o", "subformat=streamOptimized", "8M")
    booting = looked_at(ova({"one.vmdk": blank, "two.vmdk": disks.get("stream")}), place, local)
    assert [disk.part.name for disk in booting.disks] == ["two.vmdk", "one.vmdk"]


def test_firmware_memory_and_a_system_of_another_family_are_read(
    disks: Disks, place: Path, local: LocalEngine
):
    told = ovf(["a.vmdk"], firmware="efi", memory_mb=2048, os="Microsoft Windows Server 2022 (64-bit)")
    machine = looked_at(ova({"a.vmdk": disks.get("stream")}, descriptor=told), place, local).disks[0].machine
    assert (machine.boot_mode, machine.memory_mb, machine.os_id) == ("uefi", 2048, "windows")


def test_a_system_is_looked_for_in_a_part(disks: Disks, place: Path, local: LocalEngine):
    found = looked_at(ova({"a.vmdk": disks.get("stream")}), place, local)
    assert find_system(place / "machine.ova", found.disks[0], run=local.qemu_img) is None


# what is wrong with one ------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_archive_is_refused(disks: Disks, place: Path, local: LocalEngine, what: str):
    code, build = HOSTILE[what]
    with pytest.raises(BadImage) as refused:
        looked_at(build(disks.get("stream")), place, local)
    assert refused.value.code == code


def test_sizes_that_lie_are_refused(disks: Disks, place: Path, local: LocalEngine):
    content = bytearray(ova({"a.vmdk": disks.get("stream")}, algorithm=""))
    at = content.index(b"a.vmdk\0") + 124
    for size in (b"77777777777\0", b"\x80" + bytes(7) + b"\x7f\xff\xff\xff", b"\xff" * 12):
        content[at : at + 12] = size
        header = content[at - 124 : at - 124 + 512]
        header[148:156] = b" " * 8
        content[at - 124 + 148 : at - 124 + 156] = b"%06o\0 " % sum(header)
        with pytest.raises(BadImage) as refused:
            looked_at(bytes(content), place, local)
        assert refused.value.code in ("truncated", "ova-structure", "ova-file-missing")


def test_a_part_is_read_no_further_than_it_goes(place: Path):
    (place / "file").write_bytes(b"0123456789")
    source = FileSource(place / "file", part=Part("x", 2, 5))
    assert (source.size_bytes, source.open().read(), source.open(3).read(9)) == (5, b"23456", b"56")
