"""VHD, dynamic and fixed ("Virtual Hard Disk Image Format Specification" 1.0)."""

import struct
from typing import NamedTuple

from imsconsole.core.errors import BadImage
from imsconsole.engine.inspection.view import Facts, View, demand, is_power_of_two

MAGIC = b"conectix"
MAGIC_DYNAMIC = b"cxsparse"
FIXED, DYNAMIC, DIFFERENCING = 2, 3, 4
FOOTER = struct.Struct(">8sIIQI4sHH4sQQHBBII")
FOOTER_BYTES = 512
MAX_GEOMETRY = 65535 * 16 * 255
# programs whose size field is the truth; all others mean the geometry (QEMU's block/vpc.c)
SIZE_FIELD_CREATORS = (b"win ", b"qem2", b"d2v ", b"tap\0", b"CTXS")


class Footer(NamedTuple):
    magic: bytes
    features: int
    version: int
    data_offset: int
    time: int
    creator: bytes
    creator_major: int
    creator_minor: int
    creator_host: bytes
    original_size: int
    current_size: int
    cylinders: int
    heads: int
    sectors: int
    type: int
    checksum: int


def read(view: View) -> Facts:
    """Facts of a dynamic VHD (its footer is repeated at the start)."""
    raw = view.at(0, FOOTER_BYTES)
    footer = read_footer(raw)
    demand(footer.type == DYNAMIC, "vhd", "disk_type", footer.type)
    if view.size_bytes is not None and not view.tail(FOOTER_BYTES).startswith(MAGIC):
        raise BadImage("truncated", size_bytes=view.size_bytes, needed_bytes=view.size_bytes + FOOTER_BYTES)
    if view.size_bytes is not None and view.tail(FOOTER_BYTES)[:84] != raw[:84]:
        raise BadImage("corrupt", format="vhd", detail="footer differs from header")
    check_dynamic(view, footer)
    return facts(footer, "dynamic")


def read_fixed(view: View) -> Facts:
    """Facts of a fixed VHD: raw data and a footer."""
    footer = read_footer(view.tail(FOOTER_BYTES))
    demand(footer.type == FIXED, "vhd", "disk_type", footer.type)
    view.reach(footer.current_size + FOOTER_BYTES)
    return facts(footer, "fixed")


def read_footer(raw: bytes) -> Footer:
    footer = Footer._make(FOOTER.unpack_from(raw))
    if footer.type == DIFFERENCING:
        raise BadImage("vhd-parent")
    if checksum(raw, 64) != footer.checksum:
        raise BadImage("corrupt", format="vhd", detail="checksum of the footer")
    demand(footer.version >> 16 == 1, "vhd", "version", footer.version)
    return footer


def checksum(raw: bytes, place: int) -> int:
    """One's complement of the sum of all bytes without the checksum's own four."""
    return ~(sum(raw) - sum(raw[place : place + 4])) & 0xFFFFFFFF


def facts(footer: Footer, variant: str) -> Facts:
    geometry = footer.cylinders * footer.heads * footer.sectors
    if footer.creator in SIZE_FIELD_CREATORS or geometry == MAX_GEOMETRY:
        return Facts("vhd", footer.current_size // 512 * 512, variant)
    # QEMU cuts such a disk at its geometry
    warnings = ("vhd-geometry",) if geometry * 512 < footer.current_size else ()
    return Facts("vhd", geometry * 512, variant, warnings=warnings)


def check_dynamic(view: View, footer: Footer) -> None:
    """The dynamic header and its block table."""
    raw = view.at(footer.data_offset, 1024)
    magic, table_offset, _, entries, block_bytes, stored = struct.unpack_from(">8s8xQIIII", raw)
    if magic != MAGIC_DYNAMIC or checksum(raw, 36) != stored:
        raise BadImage("corrupt", format="vhd", detail="dynamic header")
    if any(raw[40:56]):
        raise BadImage("vhd-parent")
    demand(is_power_of_two(block_bytes) and 512 <= block_bytes <= 2**28, "vhd", "block_size", block_bytes)
    demand(entries * block_bytes >= footer.current_size, "vhd", "max_table_entries", entries)
    demand(entries <= 2**26, "vhd", "max_table_entries", entries)
    view.reach(table_offset + entries * 4)
