"""The system on a stored disk, read where it is: a few ranges of its qcow2 file instead of all of it.

Every number in the file is believed only as far as the budget of who reads goes; what is odd is not known.
"""

import struct
import zlib
from collections.abc import Callable

from imsconsole.engine.inspection.files import Unreadable
from imsconsole.engine.inspection.system import PAGE_BYTES, ReadDisk, system_on, told_of
from imsconsole.engine.types import MIB, Found

HEADER = struct.Struct(">4sIQIIQIIQ")
MAGIC = b"QFI\xfb"
FEATURES_AT, STRANGE = 72, 0b11110  # of version 3; but for the bit that says how well its counts were kept
COMPRESSED, OFFSET = 1 << 62, 0x00FF_FFFF_FFFF_FE00
ZERO = 1
SECTOR = 512
MOST_TABLE_BYTES = 16 * MIB
Read = Callable[[int, int], bytes]  # offset and length; less at the end


class Qcow2:
    """A disk in such a file, that stands alone and is not encrypted. Raises Unreadable."""

    def __init__(self, read: Read) -> None:
        self._up_to = read
        head = self._read(0, FEATURES_AT + 8)
        magic, version, backing, _, bits, self.size_bytes, crypt, entries, table = HEADER.unpack_from(head)
        features = struct.unpack_from(">Q", head, FEATURES_AT)[0] if version >= 3 else 0
        if magic != MAGIC or backing or crypt or features & STRANGE or not 9 <= bits <= 21:
            raise Unreadable
        if entries * 8 > MOST_TABLE_BYTES:
            raise Unreadable
        self._bits, self._cluster = bits, 1 << bits
        self._l1 = struct.unpack(f">{entries}Q", self._read(table, entries * 8))
        self._l2: dict[int, bytes] = {}

    def page(self, number: int) -> bytes:
        """One of `PAGE_BYTES`; the last may be shorter, those behind it are empty."""
        start = number * PAGE_BYTES
        end, page = min(start + PAGE_BYTES, self.size_bytes), b""
        while start < end:
            within = start % self._cluster
            length = min(end - start, self._cluster - within)
            page += self._piece(start // self._cluster, within, length)
            start += length
        return page

    def _piece(self, cluster: int, within: int, length: int) -> bytes:
        entry = self._entry(cluster)
        if entry & COMPRESSED:
            return self._inflated(entry)[within : within + length]
        if not entry & OFFSET or entry & ZERO:
            return bytes(length)
        return self._read((entry & OFFSET) + within, length)

    def _entry(self, cluster: int) -> int:
        high, low = divmod(cluster, self._cluster // 8)
        if high >= len(self._l1):
            raise Unreadable
        table = self._l1[high] & OFFSET
        if not table:
            return 0
        if table not in self._l2:
            self._l2[table] = self._read(table, self._cluster)
        return int(struct.unpack_from(">Q", self._l2[table], low * 8)[0])

    def _inflated(self, entry: int) -> bytes:
        bits = 62 - (self._bits - 8)
        offset = entry & ((1 << bits) - 1)
        sectors = ((entry & (COMPRESSED - 1)) >> bits) + 1
        # the last cluster of a file ends before its last sector does
        packed = self._up_to(offset, sectors * SECTOR - offset % SECTOR)
        try:
            return zlib.decompressobj(-12).decompress(packed, self._cluster)
        except zlib.error as error:
            raise Unreadable from error

    def _read(self, offset: int, length: int) -> bytes:
        if len(piece := self._up_to(offset, length)) < length:
            raise Unreadable
        return piece


def system_in(read: Read, found: Found) -> Found:
    """What was found, with the system on the disk in the qcow2 file, as far as it is told."""
    try:
        disk = Qcow2(read)
    except (Unreadable, struct.error):
        return found
    return told_of(system_on(ReadDisk(disk.page)), found)
