"""VMDK in one file: monolithicSparse and streamOptimized ("Virtual Disk Format 5.0")."""

import re
import struct
from typing import NamedTuple

from imsconsole.core.errors import BadImage
from imsconsole.engine.inspection.view import Facts, View, demand, is_power_of_two
from imsconsole.engine.types import MIB

MAGIC = b"KDMV"
OTHER_EXTENTS = {b"COWD": "vmfsSparse", b"\xbe\xba\xfe\xca\0\0\0\0": "seSparse"}
SINGLE_FILE = {"monolithicsparse": "monolithicSparse", "streamoptimized": "streamOptimized"}
NO_PARENT = "ffffffff"
DIRECTORY_AT_END = 0xFFFFFFFFFFFFFFFF
MARKER_FOOTER = 3
NEWLINES = b"\n \r\n"
SECTOR = 512
DESCRIPTOR_BYTES = MIB - 1
HEADER = struct.Struct("<4sIIQQQQIQQQB4sH")
EXTENT = re.compile(r'^[ \t]*(?:rw|rdonly|noaccess)[ \t]+\d+[ \t]+(\w+)(?:[ \t]+"([^"\n]*)")?', re.I | re.M)


class Header(NamedTuple):
    magic: bytes
    version: int
    flags: int
    capacity: int
    grain: int
    descriptor: int
    descriptor_sectors: int
    entries_per_table: int
    redundant_directory: int
    directory: int
    overhead: int
    unclean: int
    newlines: bytes
    compression: int


def read(view: View) -> Facts:
    """Facts of a VMDK that holds its own data in one file."""
    header = Header._make(HEADER.unpack(view.at(0, HEADER.size)))
    check_header(header)
    text = descriptor_text(view.at(SECTOR, min(header.descriptor_sectors * SECTOR, DESCRIPTOR_BYTES)))
    variant = check_descriptor(text)
    if not text.isascii():
        raise BadImage("vmdk-encoding")
    if view.size_bytes is not None:
        check_directory(view, header)
    return Facts("vmdk", header.capacity * SECTOR, variant, warnings=("unclean",) if header.unclean else ())


def check_header(header: Header) -> None:
    if header.newlines != NEWLINES:
        raise BadImage("corrupt", format="vmdk", detail="changed by a transfer in text mode")
    demand(1 <= header.version <= 3, "vmdk", "version", header.version)
    if header.descriptor != 1 or not header.descriptor_sectors:
        raise BadImage("vmdk-extents", create_type="sparse extent without descriptor", files="")
    demand(header.descriptor_sectors <= 2048, "vmdk", "descriptor_size", header.descriptor_sectors)
    demand(is_power_of_two(header.grain) and 8 <= header.grain <= 2**17, "vmdk", "grain_size", header.grain)
    demand(1 <= header.entries_per_table <= 512, "vmdk", "entries_per_table", header.entries_per_table)
    tables = header.capacity // (header.grain * header.entries_per_table)
    demand(tables * 4 <= 64 * MIB, "vmdk", "capacity", header.capacity)
    demand(header.compression in (0, 1), "vmdk", "compression", header.compression)


def descriptor_text(descriptor: bytes) -> str:
    """The text up to the first NUL; every byte becomes one character, so nothing hides in an encoding."""
    return descriptor.split(b"\0")[0].decode("latin-1")


def check_descriptor(text: str) -> str:
    """The variant. Searches like QEMU does: anywhere, comments included."""
    check_parent(text)
    if re.search(r"keysafe|^\s*encryption", text, re.I | re.M):
        raise BadImage("encrypted", format="vmdk", method="VMware")
    types = set(re.findall(r'createtype\s*=\s*"?([^"\s]{1,64})', text.lower()))
    extents = EXTENT.findall(text)
    if len(types) != 1 or not types <= set(SINGLE_FILE):
        refuse_extents(types, extents)
    inside = [name for kind, name in extents if kind.upper() == "SPARSE" and not re.search(r"[/\\]", name)]
    if len(extents) != 1 or len(inside) != 1:
        refuse_extents(types, extents)
    return SINGLE_FILE[types.pop()]


def check_parent(text: str) -> None:
    """Refuse a disk that holds only its differences to another one."""
    hints = re.findall(r'parentfilenamehint\s*=?\s*"?([^"\n]*)', text, re.I)
    parents = set(re.findall(r"parentcid\s*=\s*\"?([0-9a-fx]+)", text.lower())) - {NO_PARENT}
    if hints or parents:
        raise BadImage("vmdk-parent", file=(hints or [""])[0].strip()[:255])


def refuse_extents(types: set[str], extents: list[tuple[str, str]]) -> None:
    code = "vmdk-flat" if any(kind.upper() != "SPARSE" for kind, _ in extents) else "vmdk-extents"
    files = ", ".join(name[:100] for _, name in extents[:5] if name)
    raise BadImage(code, create_type=", ".join(sorted(types)[:3]), files=files)


def refuse_descriptor(head: bytes) -> None:
    """Refuse a VMDK that is only text: its data is in other files."""
    text = descriptor_text(head)
    check_parent(text)
    refuse_extents(set(re.findall(r'createtype\s*=\s*"?([^"\s]{1,64})', text.lower())), EXTENT.findall(text))


def check_directory(view: View, header: Header) -> None:
    """The grain directory must be inside the file; a stream has it, and the valid header, at its end."""
    directory = header.directory
    if directory == DIRECTORY_AT_END:
        directory = read_footer(view.tail(1536), header, view.size_bytes or 0).directory
    tables = -(-header.capacity // (header.grain * header.entries_per_table))
    view.reach(directory * SECTOR + tables * 4)


def read_footer(tail: bytes, header: Header, size_bytes: int) -> Header:
    """The footer of a stream, which QEMU believes instead of the header: they must agree."""
    if len(tail) < 1536 or tail[512:516] != MAGIC or any(tail[1024:]):
        raise BadImage("truncated", size_bytes=size_bytes, needed_bytes=size_bytes + 1)
    footer = Header._make(HEADER.unpack_from(tail, 512))
    marker = struct.unpack_from("<QII", tail)
    same = (
        footer._replace(directory=header.directory, redundant_directory=header.redundant_directory) == header
    )
    if not same or footer.directory == DIRECTORY_AT_END or marker[1:] != (0, MARKER_FOOTER):
        raise BadImage("corrupt", format="vmdk", detail="footer differs from header")
    return footer
