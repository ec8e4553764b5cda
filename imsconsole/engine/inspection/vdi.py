"""VDI (VirtualBox; QEMU's block/vdi.c)."""

import struct

from imsconsole.core.errors import BadImage
from imsconsole.engine.inspection.view import Facts, View, demand
from imsconsole.engine.types import MIB

MAGIC = b"\x7f\x10\xda\xbe"
MAGIC_OFFSET = 0x40
VERSION = 0x00010001
TYPES = {1: "dynamic", 2: "fixed", 3: "undo", 4: "differencing"}
FIXED = 2


def read(view: View) -> Facts:
    """Facts of a VDI that stands on its own."""
    raw = view.at(0, 512)
    version, kind = struct.unpack_from("<I4xI", raw, 0x44)
    demand(version == VERSION, "vdi", "version", version)
    demand(kind in TYPES, "vdi", "image_type", kind)
    if kind > FIXED or any(raw[0x1A8:0x1C8]):  # the IDs of a linked and a parent disk
        raise BadImage("vdi-parent", type=TYPES[kind])
    size, block_bytes, blocks, allocated = struct.unpack_from("<QI4xII", raw, 0x170)
    demand(block_bytes == MIB, "vdi", "block_size", block_bytes)
    demand(blocks * block_bytes >= size, "vdi", "blocks", blocks)
    demand(blocks <= 2**29 - 1, "vdi", "blocks", blocks)
    demand(allocated <= blocks, "vdi", "blocks_allocated", allocated)
    check_places(view, raw, blocks, allocated)
    return Facts("vdi", size, TYPES[kind])


def check_places(view: View, raw: bytes, blocks: int, allocated: int) -> None:
    """Block map and allocated blocks must be inside the file."""
    map_offset, data_offset = struct.unpack_from("<II", raw, 0x154)
    (sector_bytes,) = struct.unpack_from("<I", raw, 0x168)
    demand(map_offset >= 512 and map_offset % 512 == 0, "vdi", "offset_blocks", map_offset)
    demand(data_offset >= map_offset and data_offset % 512 == 0, "vdi", "offset_data", data_offset)
    demand(sector_bytes == 512, "vdi", "sector_size", sector_bytes)
    view.reach(map_offset + blocks * 4)
    view.reach(data_offset + allocated * MIB)
