"""Disk files for the tests of inspection: good ones by the real qemu-img, hostile ones bent by hand."""

import io
import struct
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from imsconsole.engine.types import MIB

SIZE = 8 * MIB
SECTOR = 512
FORMATS = {
    "qcow2": ("qcow2",),
    "vmdk": ("vmdk", "-o", "subformat=monolithicSparse"),
    "stream": ("vmdk", "-o", "subformat=streamOptimized"),
    "vhd": ("vpc",),
    "fixed": ("vpc", "-o", "subformat=fixed,force_size=on"),
    "vhdx": ("vhdx",),
    "vdi": ("vdi",),
    "qcow1": ("qcow",),
    "qed": ("qed",),
    "flat": ("vmdk", "-o", "subformat=monolithicFlat"),
    "split": ("vmdk", "-o", "subformat=twoGbMaxExtentSparse"),
}


def run_limited(arguments: Sequence[str]) -> tuple[int, str, str]:
    """qemu-img under limits, as inspection asks for it."""
    command = ["prlimit", f"--as={2 * 1024 * MIB}", "--cpu=30", "qemu-img", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    return done.returncode, done.stdout, done.stderr


def qemu_img(*arguments: str, cwd: Path) -> None:
    subprocess.run(["qemu-img", *arguments], check=True, capture_output=True, cwd=cwd)


def partition(path: Path, script: str, *, boot_code: bytes = b"") -> Path:
    """A blank raw disk of SIZE with the partition table that sfdisk makes of `script`."""
    path.write_bytes(b"")
    with path.open("r+b") as stream:
        stream.truncate(SIZE)
    subprocess.run(
        ["sfdisk", "-q", "--no-tell-kernel", path], input=script, text=True, check=True, capture_output=True
    )
    with path.open("r+b") as stream:
        stream.write(boot_code)
    return path


class Disks:
    """Good files, made once for all tests. Attributes are bytes, `path` names the file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        partition(folder / "gpt.raw", "label: gpt\n,2MiB,U\n,,L\n")
        partition(folder / "mbr.raw", "label: dos\n,,83,*\n", boot_code=b"\xfa\x31\xc0")

    def path(self, name: str) -> Path:
        path = self.folder / name
        if not path.exists():
            kind, *options = FORMATS[name]
            qemu_img("convert", "-f", "raw", "-O", kind, *options, "gpt.raw", name, cwd=self.folder)
        return path

    @cache  # noqa: B019 - lives as long as the tests
    def get(self, name: str) -> bytes:
        return self.path(name).read_bytes()

    @cache  # noqa: B019
    def hostile(self, case: "Case") -> bytes:
        """What a case builds, built once."""
        return case.build(self)

    @cached_property
    def footed(self) -> bytes:
        """A streamOptimized VMDK with its directory at the end, as VMware writes it."""
        head = self.get("stream")
        marker = struct.pack("<QII496x", 1, 0, 3)
        return patch(head, 56, "<Q", 2**64 - 1) + marker + head[:SECTOR] + bytes(SECTOR)

    def create(self, name: str, *arguments: str) -> bytes:
        """What `qemu-img create ARGUMENTS` makes, with the good files beside it."""
        path = self.folder / f"created-{name}"
        path.unlink(missing_ok=True)
        qemu_img("create", *arguments[:-1], path.name, *filter(None, arguments[-1:]), cwd=self.folder)
        return path.read_bytes()


def patch(data: bytes, offset: int, format: str, *values: object) -> bytes:
    copy = bytearray(data)
    struct.pack_into(format, copy, offset, *values)
    return bytes(copy)


def put(data: bytes, offset: int, piece: bytes) -> bytes:
    return data[:offset] + piece + data[offset + len(piece) :]


def sealed(block: bytes, place: int) -> bytes:
    """A VHD structure with its checksum made right again."""
    return patch(block, place, ">I", ~(sum(block) - sum(block[place : place + 4])) & 0xFFFFFFFF)


def vhd(data: bytes, offset: int, format: str, *values: object) -> bytes:
    """A dynamic VHD whose footer, and its copy at the start, is bent and sealed again."""
    footer = sealed(patch(data[:SECTOR], offset, format, *values), 64)
    return footer + data[SECTOR:-SECTOR] + footer


def vhd_dynamic(data: bytes, offset: int, format: str, *values: object) -> bytes:
    return put(data, SECTOR, sealed(patch(data[SECTOR : SECTOR + 1024], offset, format, *values), 36))


def vhdx_item(data: bytes, index: int) -> int:
    """The offset of the metadata table's entry `index` (qemu's metadata region is at 3 MiB)."""
    assert data[3 * MIB :].startswith(b"metadata")
    return 3 * MIB + 32 + index * 32


def descriptor(data: bytes, old: bytes, new: bytes) -> bytes:
    """A VMDK with `old` replaced in its descriptor, which keeps its place."""
    text = data[SECTOR : SECTOR * 21]
    assert old in text
    return put(data, SECTOR, text.replace(old, new)[: len(text)].ljust(len(text), b"\0"))


def crowded(tables: int = 131072, *, is_sound: bool = True) -> bytes:
    """A small qcow2, all of whose `tables` are one and lead to one cluster: qemu-img walks all to check it.

    One that is not sound counts none of that, and each of a table's 8192 entries is an error.
    """
    cluster, entries = 64 * 1024, 8192
    counts, table, data = (
        -(-tables // entries) + number for number in (2, 3, 4)
    )  # behind header, tables, counts' table
    header = struct.pack(
        ">4sI12xIQ4xIQQI12x24xII",
        *(b"QFI\xfb", 3, 16, SIZE, tables, cluster, (counts - 1) * cluster, 1, 6, 104),
    )
    parts = [
        header,
        struct.pack(">Q", table * cluster) * tables,
        struct.pack(">Q", counts * cluster),
        struct.pack(f">{data + 1}Q", *[1] * table, *((tables, tables * entries) if is_sound else (1, 1))),
        struct.pack(">Q", data * cluster) * entries,
        b"data",
    ]
    return b"".join(part.ljust(cluster, b"\0") for part in parts)


def tar_of(name: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for member in (name, "disk.vmdk"):
            info = tarfile.TarInfo(member)
            info.size = 600
            archive.addfile(info, io.BytesIO(bytes(600)))
    return buffer.getvalue()


def zip_of() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("disk.raw", bytes(600))
    return buffer.getvalue()


def iso_over(data: bytes) -> bytes:
    """`data` with an ISO's volume descriptor where an ISO has it."""
    return put(data.ljust(64 * 1024, b"\0"), 32768, b"\x01CD001\x01")


@dataclass(frozen=True)
class Case:
    """A hostile file: `build` makes it, inspection says `code`. `late`: only the finished file shows it."""

    name: str
    code: str
    build: Callable[[Disks], bytes]
    late: bool = False
    claimed: str = ""
