"""A disk as its guest sees it: partition table, bare file system, how it boots."""

import contextlib
import struct
import uuid
from dataclasses import dataclass

from imsconsole.core.errors import BadImage
from imsconsole.engine.inspection.view import Facts, Unseen, View, demand

SECTOR = 512
BOOT_CODE_BYTES = 440
TYPE_PROTECTIVE = 0xEE
TYPE_EFI_SYSTEM = 0xEF
EFI_SYSTEM = uuid.UUID("C12A7328-F81F-11D2-BA4B-00A0C93EC93B").bytes_le
BIOS_BOOT = uuid.UUID("21686148-6449-6E6F-744E-656564454649").bytes_le
LEGACY_BOOT_ATTRIBUTE = 1 << 2
# (offset, magic, name)
FILE_SYSTEMS = (
    (1080, b"\x53\xef", "ext"),
    (0, b"XFSB", "xfs"),
    (65600, b"_BHRfS_M", "btrfs"),
    (3, b"NTFS    ", "ntfs"),
    (3, b"EXFAT   ", "exfat"),
    (54, b"FAT1", "fat"),
    (82, b"FAT32", "fat"),
    (1024, b"\x10\x20\xf5\xf2", "f2fs"),
    (512, b"LABELONE", "lvm"),
    (4086, b"SWAPSPACE2", "swap"),
)


@dataclass(frozen=True)
class Table:
    """A partition table; its partitions end at `end_bytes`."""

    kind: str = ""  # mbr, gpt or empty
    boot_modes: tuple[str, ...] = ()
    end_bytes: int = 0


@dataclass(frozen=True)
class DiskPartition:
    active: int
    type: int
    first: int
    sectors: int


def read_raw(view: View, *, claimed_raw: bool) -> Facts:
    """A raw disk. Without anything recognisable it is believed only when the user says *raw*."""
    size = view.size_bytes
    if size is None:
        return Facts("raw", 0)
    table = read_table(view)
    view.reach(table.end_bytes)
    if not table.kind and not file_system(view.head) and not claimed_raw:
        raise BadImage("not-an-image", found="unknown")
    warnings = (() if table.kind else ("no-partition-table",)) + (("padded",) if size % SECTOR else ())
    return Facts("raw", -(-size // SECTOR) * SECTOR, "", table.kind, table.boot_modes, warnings)


def file_system(head: bytes) -> str:
    """The name of the bare file system (or volume) that begins with `head`, or empty."""
    return next((name for offset, magic, name in FILE_SYSTEMS if head.startswith(magic, offset)), "")


def read_table(view: View) -> Table:
    """The disk's partition table. Raises BadImage `absurd-header` for an impossible GPT."""
    if len(view.head) < SECTOR or view.head[510:512] != b"\x55\xaa":
        return Table()
    if file_system(view.head[:SECTOR]):
        return Table()  # a volume's boot sector carries the same signature
    partitions = mbr_partitions(view.head)
    if any(partition.type == TYPE_PROTECTIVE for partition in partitions):
        gpt = read_gpt(view, partitions)
        if gpt.kind:
            return gpt
    return read_mbr(view.head, partitions)


def mbr_partitions(head: bytes) -> list[DiskPartition]:
    """The used entries of the master boot record; none when one of them is impossible."""
    entries = (struct.unpack_from("<B3xB3xII", head, 446 + 16 * index) for index in range(4))
    partitions = [DiskPartition(*entry) for entry in entries]
    if any(partition.active not in (0, 0x80) for partition in partitions):
        return []
    return [partition for partition in partitions if partition.type and partition.sectors]


def read_mbr(head: bytes, partitions: list[DiskPartition]) -> Table:
    if not partitions:
        return Table()
    modes: tuple[str, ...] = ("bios",) if any(head[:BOOT_CODE_BYTES]) else ()
    if any(partition.type == TYPE_EFI_SYSTEM for partition in partitions):
        modes += ("uefi",)
    end = max(
        (entry.first + entry.sectors for entry in partitions if entry.type != TYPE_PROTECTIVE), default=0
    )
    return Table("mbr", modes, end * SECTOR)


def read_gpt(view: View, partitions: list[DiskPartition]) -> Table:
    """The GUID partition table (sectors of 512 or 4096 bytes), or an empty one when there is none."""
    for sector in (SECTOR, 4096):
        if view.head.startswith(b"EFI PART", sector) and len(view.head) >= sector + 92:
            alternate, first_entry, count, entry_bytes = struct.unpack_from("<32xQ32xQII", view.head, sector)
            demand(count <= 1024, "gpt", "number_of_entries", count)
            demand(128 <= entry_bytes <= 4096, "gpt", "entry_size", entry_bytes)
            modes = gpt_boot_modes(view, first_entry * sector, count, entry_bytes)
            hybrid = [entry for entry in partitions if entry.type != TYPE_PROTECTIVE]
            bios = any(view.head[:BOOT_CODE_BYTES]) and bool(hybrid)
            modes |= {"bios"} if bios else set()
            return Table("gpt", tuple(sorted(modes)), (alternate + 1) * sector)
    return Table()


def gpt_boot_modes(view: View, offset: int, count: int, entry_bytes: int) -> set[str]:
    modes: set[str] = set()
    with contextlib.suppress(Unseen):
        entries = view.at(offset, count * entry_bytes)
        for start in range(0, len(entries), entry_bytes):
            kind, attributes = struct.unpack_from("<16s32xQ", entries, start)
            if kind == EFI_SYSTEM:
                modes.add("uefi")
            elif kind == BIOS_BOOT or (any(kind) and attributes & LEGACY_BOOT_ATTRIBUTE):
                modes.add("bios")
    return modes
