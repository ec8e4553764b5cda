"""ISO 9660 with El Torito, also as a hybrid with a partition table."""

import contextlib
import struct
from collections.abc import Iterator
from dataclasses import replace

from imsconsole.core.errors import BadImage
from imsconsole.engine.inspection.disk import read_table
from imsconsole.engine.inspection.naming import system_named
from imsconsole.engine.inspection.view import Facts, Unseen, View, demand

SECTOR = 2048
FIRST_DESCRIPTOR = 16
MAX_DESCRIPTORS = 32
MAGIC = b"CD001"
MAGIC_OFFSET = FIRST_DESCRIPTOR * SECTOR + 1
BOOT_RECORD, PRIMARY, TERMINATOR = 0, 1, 255
EL_TORITO = b"EL TORITO SPECIFICATION"
PLATFORMS = {0x00: "bios", 0xEF: "uefi"}
SECTION_HEADERS = (0x90, 0x91)


def read(view: View) -> Facts:
    """Facts of an ISO. Its virtual size is the file's own, in whole 512-byte sectors."""
    descriptors = list(volume_descriptors(view))
    primary = next((raw for raw in descriptors if raw[0] == PRIMARY), None)
    if primary is None:
        raise BadImage("corrupt", format="iso", detail="no primary volume descriptor")
    blocks, block_bytes = struct.unpack_from("<I44xH", primary, 80)
    demand(block_bytes in (512, 1024, 2048), "iso", "logical_block_size", block_bytes)
    demand(blocks > FIRST_DESCRIPTOR, "iso", "volume_space_size", blocks)
    view.reach(blocks * block_bytes)
    table = read_table(view)
    modes = set(table.boot_modes if "uefi" not in table.boot_modes else ("uefi",))
    modes |= el_torito_modes(view, descriptors)
    size = -(-(view.size_bytes or 0) // 512) * 512
    facts = Facts("iso", size, "hybrid" if table.kind else "", table.kind, tuple(sorted(modes)))
    label = primary[40:72].decode("ascii", "replace").strip()
    named = system_named(label)
    if named is None or not label.isprintable():
        return facts
    return replace(
        facts, os_id=named.id, os_version=named.version, os_name=label, architecture=named.architecture
    )


def volume_descriptors(view: View) -> Iterator[bytes]:
    for index in range(MAX_DESCRIPTORS):
        raw = view.at((FIRST_DESCRIPTOR + index) * SECTOR, SECTOR)
        if raw[1:6] != MAGIC or raw[0] == TERMINATOR:
            return
        yield raw


def el_torito_modes(view: View, descriptors: list[bytes]) -> set[str]:
    """The firmwares in the boot catalogue; none when it is out of sight."""
    boot = next((raw for raw in descriptors if raw[0] == BOOT_RECORD and EL_TORITO in raw[7:39]), None)
    modes: set[str] = set()
    if boot:
        with contextlib.suppress(Unseen):
            catalogue = view.at(struct.unpack_from("<I", boot, 71)[0] * SECTOR, SECTOR)
            modes.update(PLATFORMS.get(platform, "") for platform in platforms(catalogue))
    return modes - {""}


def platforms(catalogue: bytes) -> Iterator[int]:
    """Platform IDs: of the validation entry and of every section header."""
    yield catalogue[1]
    for start in range(64, SECTOR, 32):
        if catalogue[start] in SECTION_HEADERS:
            yield catalogue[start + 1]
