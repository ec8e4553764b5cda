"""VHDX ([MS-VHDX])."""

import struct
import uuid
from collections.abc import Iterator
from typing import NamedTuple

from imsconsole.core.errors import BadImage
from imsconsole.engine.inspection.view import Facts, View, demand, is_power_of_two
from imsconsole.engine.types import MIB

MAGIC = b"vhdxfile"
HEADERS = (64 * 1024, 128 * 1024)
REGION_TABLE = 192 * 1024
REGION_BAT = uuid.UUID("2DC27766-F623-4200-9D64-115E9BFD4A08")
REGION_METADATA = uuid.UUID("8B7CA206-4790-4B9A-B8FE-575F050F886E")
FILE_PARAMETERS = uuid.UUID("CAA16737-FA36-4D43-B3B6-33F0AA44E76B")
VIRTUAL_SIZE = uuid.UUID("2FA54224-CD1B-4876-B211-5DBED83BF4B8")
PARENT_LOCATOR = uuid.UUID("A8D35F2D-B30B-454D-ABF7-D3D84834AB0C")
LOGICAL_SECTOR = uuid.UUID("8141BF1D-A96F-4709-BA47-F233A8FAAB5F")
PHYSICAL_SECTOR = uuid.UUID("CDA348C7-445D-4471-9CC9-E9885251C556")
PAGE_83 = uuid.UUID("BECA12AB-B2E6-4523-93EF-C309E000C746")
KNOWN_ITEMS = {FILE_PARAMETERS, VIRTUAL_SIZE, PARENT_LOCATOR, LOGICAL_SECTOR, PHYSICAL_SECTOR, PAGE_83}
HAS_PARENT = 2
MAX_ENTRIES = 2047


class Place(NamedTuple):
    """Where a region or a metadata item is; `required` says a reader must know it."""

    id: uuid.UUID
    offset: int
    length: int
    required: bool


def read(view: View) -> Facts:
    """Facts of a VHDX without a parent and without an open log."""
    check_log(view)
    places = {place.id: place for place in regions(view)}
    refuse_unknown(places, {REGION_BAT, REGION_METADATA})
    for region in (REGION_BAT, REGION_METADATA):
        if region not in places:
            raise BadImage("corrupt", format="vhdx", detail="region missing")
    view.reach(places[REGION_BAT].offset + places[REGION_BAT].length)
    found = {place.id: place for place in items(view, places[REGION_METADATA])}
    return read_metadata(view, found)


def check_log(view: View) -> None:
    """Refuse a file whose last writes are still in its log."""
    headers = [struct.unpack("<4s4xQ32x16s", view.at(offset, 64)) for offset in HEADERS]
    valid = [(sequence, log) for magic, sequence, log in headers if magic == b"head"]
    if not valid:
        raise BadImage("corrupt", format="vhdx", detail="no valid header")
    if any(max(valid)[1]):
        raise BadImage("vhdx-log")


def regions(view: View) -> Iterator[Place]:
    magic, count = struct.unpack("<4s4xI4x", view.at(REGION_TABLE, 16))
    if magic != b"regi":
        raise BadImage("corrupt", format="vhdx", detail="no region table")
    demand(count <= MAX_ENTRIES, "vhdx", "region_count", count)
    for raw, offset, length, required in struct.iter_unpack(
        "<16sQII", view.at(REGION_TABLE + 16, count * 32)
    ):
        demand(offset >= MIB and offset % MIB == 0, "vhdx", "region_offset", offset)
        yield Place(uuid.UUID(bytes_le=raw), offset, length, bool(required & 1))


def items(view: View, region: Place) -> Iterator[Place]:
    """The metadata items, their offsets counted from the start of the file."""
    magic, count = struct.unpack("<8s2xH", view.at(region.offset, 12))
    if magic != b"metadata":
        raise BadImage("corrupt", format="vhdx", detail="no metadata table")
    demand(count <= MAX_ENTRIES, "vhdx", "metadata_count", count)
    for raw, offset, length, flags in struct.iter_unpack(
        "<16sIII4x", view.at(region.offset + 32, count * 32)
    ):
        demand(offset + length <= max(region.length, MIB), "vhdx", "metadata_offset", offset)
        yield Place(uuid.UUID(bytes_le=raw), region.offset + offset, length, bool(flags & 4))


def refuse_unknown(places: dict[uuid.UUID, Place], known: set[uuid.UUID]) -> None:
    unknown = [str(place.id) for place in places.values() if place.required and place.id not in known]
    if unknown:
        raise BadImage("unknown-features", format="vhdx", features=", ".join(unknown[:5]))


def read_metadata(view: View, found: dict[uuid.UUID, Place]) -> Facts:
    if PARENT_LOCATOR in found:
        raise BadImage("vhdx-parent")
    refuse_unknown(found, KNOWN_ITEMS)
    if FILE_PARAMETERS not in found or VIRTUAL_SIZE not in found:
        raise BadImage("corrupt", format="vhdx", detail="metadata missing")
    block_bytes, flags = struct.unpack("<II", view.at(found[FILE_PARAMETERS].offset, 8))
    if flags & HAS_PARENT:
        raise BadImage("vhdx-parent")
    demand(
        is_power_of_two(block_bytes) and MIB <= block_bytes <= 256 * MIB, "vhdx", "block_size", block_bytes
    )
    (size,) = struct.unpack("<Q", view.at(found[VIRTUAL_SIZE].offset, 8))
    return Facts("vhdx", size)
