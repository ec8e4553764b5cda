"""Which system a disk holds: found in real file systems of every kind, and never at a hostile one's mercy."""

import random
import struct
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from imsconsole.engine.inspection import find_system
from imsconsole.engine.inspection import system as module
from imsconsole.engine.inspection.system import System, parse_release
from imsconsole.engine.local.engine import LocalEngine
from imsconsole.engine.types import GIB, Found
from tests.engine.systems import make_disk, make_ext, make_xfs, root_of

BOOKWORM = System("debian", "12", "Debian GNU/Linux 12 (bookworm)")


def system_of(local: LocalEngine, path: Path, format: str = "raw", size: int = 0) -> System | None:
    found = Found(format, size or path.stat().st_size, path.stat().st_size)
    return find_system(path, found, run=local.qemu_img)


@pytest.mark.parametrize("table", ["gpt", "mbr", "logical"])
def test_it_is_found_behind_every_partition_table(local: LocalEngine, place: Path, table: str) -> None:
    assert system_of(local, make_disk(place / "disk", root_of(place / "root"), table)) == BOOKWORM


@pytest.mark.parametrize("make", [make_ext, make_xfs])
def test_cloud_init_is_seen_where_it_is(local: LocalEngine, place: Path, make) -> None:
    root = root_of(place / "root")
    assert system_of(local, make(place / "without", root)) == BOOKWORM
    (root / "usr/bin").mkdir()
    (root / "usr/bin/cloud-init").write_text("#!/usr/bin/python3\n")
    assert system_of(local, make(place / "with", root)) == replace(BOOKWORM, cloud_init=True)


@pytest.mark.parametrize("make", [make_ext, make_xfs])
@pytest.mark.parametrize(("machine", "architecture"), [(3, "x86"), (62, "x86"), (183, "arm"), (243, "")])
def test_the_cpu_is_that_of_its_shell(
    local: LocalEngine, place: Path, make, machine: int, architecture: str
) -> None:
    root = root_of(place / "root")
    (root / "usr/bin").mkdir()
    (root / "bin").symlink_to("usr/bin")
    (root / "usr/bin/sh").write_bytes(b"\x7fELF" + bytes(14) + struct.pack("<H", machine))
    assert system_of(local, make(place / "disk", root)) == replace(BOOKWORM, architecture=architecture)


@pytest.mark.parametrize("kind", ["ext2", "ext3", "ext4"])
@pytest.mark.parametrize("options", [(), ("-b", "1024"), ("-b", "4096"), ("-I", "128")])
def test_it_is_found_in_every_ext(
    local: LocalEngine, place: Path, kind: str, options: tuple[str, ...]
) -> None:
    assert system_of(local, make_ext(place / "disk", root_of(place / "root"), kind, *options)) == BOOKWORM


@pytest.mark.parametrize(
    "options", [("-O", "64bit"), ("-O", "^64bit"), ("-O", "^metadata_csum"), ("-O", "^flex_bg")]
)
def test_it_is_found_whatever_ext4_can_do(local: LocalEngine, place: Path, options: tuple[str, ...]) -> None:
    assert system_of(local, make_ext(place / "disk", root_of(place / "root"), "ext4", *options)) == BOOKWORM


@pytest.mark.slow(reason="a file system of each kind is made")
@pytest.mark.parametrize(
    "options",
    [
        (),
        ("-m", "crc=0,finobt=0,reflink=0", "-n", "ftype=0"),
        ("-m", "crc=0,finobt=0,reflink=0", "-n", "ftype=1"),
        ("-b", "size=1024"),
        ("-n", "size=8192"),
        ("-i", "size=1024"),
    ],
)
def test_it_is_found_in_every_xfs(local: LocalEngine, place: Path, options: tuple[str, ...]) -> None:
    """The larger directory has several blocks, whose index has several too; the smaller ones fit into their inodes."""
    root = root_of(place / "root")
    for number in range(800):
        (root / f"usr/lib/another-of-many-{number}").touch()
    assert system_of(local, make_xfs(place / "disk", root, *options)) == BOOKWORM


XFS_PLACES = [(at, 16 * 1024) for at in (0, 64 * 1024, 96 * 1024, 128 * 1024)]
EXT_PLACES = [(at, 512) for at in (1024, 4096, *range(0, 400_000, 4096))]


@pytest.mark.slow(reason="hundreds of cases are made up")
@pytest.mark.parametrize(
    ("make", "places", "rounds"), [(make_xfs, XFS_PLACES, 100), (make_ext, EXT_PLACES, 150)]
)
def test_noise_in_the_metadata_neither_hangs_nor_breaks(
    local: LocalEngine, place: Path, make, places: list[tuple[int, int]], rounds: int
) -> None:
    """Bytes of super block, descriptors, inodes and directories are overwritten, again and again."""
    path, dice = make(place / "disk", root_of(place / "root")), random.Random(7)
    began = time.monotonic()
    for _ in range(rounds):
        with path.open("r+b") as file:
            kept = []
            for _ in range(dice.choice((1, 4, 40))):
                start, length = dice.choice(places)
                at = start + dice.randrange(length)
                file.seek(at)
                kept.append((at, file.read(1)))
                file.seek(at)
                file.write(bytes([dice.choice((0, 1, 0x7F, 0xFF, dice.randrange(256)))]))
            file.flush()
            assert system_of(local, path) in (None, BOOKWORM)
            for at, byte in reversed(kept):
                file.seek(at)
                file.write(byte)
    assert time.monotonic() - began < 60
    assert system_of(local, path) == BOOKWORM


@pytest.mark.slow(reason="a disk is converted to each format")
@pytest.mark.parametrize("format", ["qcow", "qcow2", "vmdk", "vpc", "vhdx", "vdi"])
def test_it_is_found_in_every_format_without_a_copy(local: LocalEngine, place: Path, format: str) -> None:
    disk = make_disk(place / "disk", root_of(place / "root"))
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", format, disk, place / "other"], check=True)
    before = sorted(path.name for path in place.iterdir())
    ours = {"vpc": "vhd"}.get(format, format)
    assert system_of(local, place / "other", ours, disk.stat().st_size) == BOOKWORM
    assert sorted(path.name for path in place.iterdir()) == before


@pytest.mark.slow(reason="a large disk is made and read")
def test_a_large_disk_costs_no_more(local: LocalEngine, place: Path) -> None:
    disk = make_disk(place / "disk", root_of(place / "root"))
    with disk.open("r+b") as file:
        file.truncate(100 * GIB)
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", disk, place / "other"], check=True)
    began = time.monotonic()
    assert system_of(local, place / "other", "qcow2", 100 * GIB) == BOOKWORM
    assert time.monotonic() - began < 10


def test_the_file_itself_will_do_where_there_is_no_other(local: LocalEngine, place: Path) -> None:
    assert system_of(local, make_ext(place / "disk", root_of(place / "root", link=False))) == BOOKWORM


def test_what_has_no_system_has_none(local: LocalEngine, place: Path) -> None:
    (place / "empty").write_bytes(bytes(1024**2))
    (place / "short").write_bytes(b"x")
    (place / "root/var").mkdir(parents=True)
    disk = make_ext(place / "data", place / "root")
    assert [system_of(local, each) for each in (place / "empty", place / "short", disk)] == [None] * 3


@pytest.mark.parametrize(
    "target", ["os-release", "/etc/os-release", "../../../../../../etc/os-release", "loop/loop/loop", "/etc"]
)
def test_links_lead_nowhere_outside_and_circles_end(local: LocalEngine, place: Path, target: str) -> None:
    """Of the host's own /etc/os-release nothing is seen."""
    root = place / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc/os-release").symlink_to(target)
    (root / "etc/loop").symlink_to(".")
    assert system_of(local, make_ext(place / "disk", root)) is None


@pytest.mark.slow(reason="a file system without end is read")
def test_a_file_system_that_points_everywhere_ends_with_its_budget(
    local: LocalEngine, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A GPT of many partitions, each a file system: reads are counted, and time is."""
    disk = make_disk(place / "disk", root_of(place / "root", "ID=\n"))
    content = bytearray(disk.read_bytes())
    entry = content[2 * 512 + 128 : 2 * 512 + 256]
    for number in range(128):
        struct.pack_into("<Q", entry, 32, 8192)
        content[2 * 512 + 128 * number : 2 * 512 + 128 * (number + 1)] = entry
    disk.write_bytes(content)
    assert system_of(local, disk) is None
    monkeypatch.setattr(module, "PATIENCE_S", 0.0)
    assert system_of(local, disk) is None
    monkeypatch.setattr(module, "PATIENCE_S", 8.0)
    monkeypatch.setattr(module, "MOST_PAGES", 3)
    assert system_of(local, make_disk(place / "other", root_of(place / "more"))) is None


@pytest.mark.slow(reason="hundreds of cases are made up")
def test_a_tree_without_end_ends(local: LocalEngine, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every entry of a file's tree leads to the same next node: 340 to the power of five leaves."""
    disk = make_ext(
        place / "disk", root_of(place / "root", "ID=debian\n" * 9000, link=False), "ext4", "-b", "4096"
    )
    content = bytearray(disk.read_bytes())
    where = content.index(b"ID=debian\n" * 300) // 4096
    inode = next(
        at
        for at in range(0, len(content) - 128, 128)
        if content[at + 40 : at + 42] == b"\x0a\xf3"
        and struct.unpack_from("<I", content, at + 4)[0] == 90_000
    )
    for depth in range(5, -1, -1):
        at = inode + 40 if depth == 5 else (where + 4 - depth) * 4096
        entries = 4 if depth == 5 else 340
        struct.pack_into("<4HI", content, at, 0xF30A, entries, entries, depth, 0)
        for number in range(entries):
            entry = (0, where + 5 - depth, 0, 0) if depth else (0, 1, 0, where + 8)
            struct.pack_into("<IIHH" if depth else "<IHHI", content, at + 12 + 12 * number, *entry)
    disk.write_bytes(content)
    monkeypatch.setattr(module, "PATIENCE_S", 0.2)
    began = time.monotonic()
    assert system_of(local, disk) is None
    assert 0.1 < time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("content", "system"),
    [
        (b"ID=ubuntu\nVERSION_ID='22.04'\n", System("ubuntu", "22.04", "")),
        (b'ID="rocky"\nVERSION_ID="9.4"\nNAME="Rocky Linux"\n', System("rocky", "9.4", "Rocky Linux")),
        (b"ID=arch\n", System("arch", "", "")),
        (b"NAME=x\n", None),
        (b"ID=$(reboot)\n", None),
        (b"ID=debian; rm\nVERSION_ID=12\n", None),
        (b'ID=debian\nVERSION_ID="<script>"\n', None),
        (b'ID=debian\nPRETTY_NAME="a\\"b"\nVERSION_ID=12', System("debian", "12", "")),
        (b"ID=" + b"a" * 41, None),
        (b"\xff\xfe" * 100, None),
        (b"", None),
    ],
)  # fmt: skip
def test_os_release_is_read_strictly(content: bytes, system: System | None) -> None:
    assert parse_release(content) == system
