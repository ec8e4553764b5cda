"""A disk is read from its qcow2 file as qemu-img reads it, whatever wrote the file; what is odd is not known."""

import os
import subprocess
from pathlib import Path

import pytest

from imsconsole.engine.inspection.files import Unreadable
from imsconsole.engine.inspection.system import PAGE_BYTES
from imsconsole.engine.openstack.reading import Qcow2, Read, system_in
from imsconsole.engine.types import MIB, Found
from tests.engine.conftest import place
from tests.engine.systems import make_disk, root_of

__all__ = ["place"]
FILES = {
    "plain": [],
    "compressed": ["-c"],
    "old": ["-o", "compat=0.10"],
    "small clusters": ["-o", "cluster_size=512"],
    "large clusters": ["-o", "cluster_size=2M"],
    "zeros": ["-S", "0"],
    "small and compressed": ["-c", "-o", "cluster_size=4096"],
}


def ranges_of(path: Path) -> Read:
    def read(offset: int, length: int) -> bytes:
        with path.open("rb") as file:
            return os.pread(file.fileno(), length, offset)

    return read


def convert(source: Path, *options: str) -> Path:
    command = ["qemu-img", "convert", "-f", "raw", "-O", "qcow2", *options, source.name, "made.qcow2"]
    subprocess.run(command, cwd=source.parent, check=True)
    return source.with_name("made.qcow2")


@pytest.mark.parametrize("options", FILES.values(), ids=FILES.keys())
def test_each_byte_is_that_of_the_disk(place: Path, options: list[str]) -> None:
    raw = place / "disk.raw"
    raw.write_bytes(os.urandom(MIB + 700) + bytes(MIB) + b"text" * 100_000 + bytes(3 * MIB) + b"end")
    os.truncate(raw, -(-raw.stat().st_size // 512) * 512)
    disk = Qcow2(ranges_of(convert(raw, *options)))
    pages = -(-disk.size_bytes // PAGE_BYTES)
    assert b"".join(map(disk.page, range(pages + 1))) == raw.read_bytes()


@pytest.mark.slow(reason="a file system is made and converted")
@pytest.mark.parametrize("options", [[], ["-c"]], ids=["plain", "compressed"])
def test_the_system_on_it_is_told(place: Path, options: list[str]) -> None:
    made = convert(make_disk(place / "debian.raw", root_of(place / "root")), *options)
    found = system_in(ranges_of(made), Found("qcow2", 0, 0))
    assert (found.os_id, found.os_version) == ("debian", "12")


@pytest.mark.parametrize(
    "options",
    [
        ["-o", "extended_l2=on"],
        ["-o", "compression_type=zstd"],
        ["-o", "data_file=data.raw"],
        "backing",
        "encrypted",
    ],
    ids=["extended", "zstd", "data file", "backing", "encrypted"],
)
def test_what_does_not_stand_alone_is_not_known(place: Path, options: list[str] | str) -> None:
    made = place / "made.qcow2"
    (place / "disk.raw").write_bytes(bytes(MIB))
    create = ["qemu-img", "create", "-q", "-f", "qcow2"]
    if options == "backing":
        subprocess.run([*create, "-b", "disk.raw", "-F", "raw", "made.qcow2"], cwd=place, check=True)
    elif options == "encrypted":
        subprocess.run([*create, "made.qcow2", "1M"], cwd=place, check=True)
        with made.open("r+b") as file:
            os.pwrite(file.fileno(), b"\0\0\0\2", 32)
    else:
        subprocess.run([*create, *options, "made.qcow2", "1M"], cwd=place, check=True)
    with pytest.raises(Unreadable):
        Qcow2(ranges_of(made))
    found = Found("qcow2", MIB, 0)
    assert system_in(ranges_of(made), found) == found


@pytest.mark.slow(reason="a file system is made and converted")
@pytest.mark.parametrize("at", [20, 24, 36, 40])
def test_absurd_numbers_cost_nothing(place: Path, at: int) -> None:
    """Of the cluster size, the disk's size, the table's length and its place."""
    made = convert(make_disk(place / "debian.raw", root_of(place / "root")))
    with made.open("r+b") as file:
        file.seek(at)
        file.write(b"\x7f\xff\xff\xff")
    assert system_in(ranges_of(made), Found("qcow2", 0, 0)).os_id in ("", "debian")
