"""Files of ext2, ext3 and ext4."""

import struct
from collections.abc import Iterator

from imsconsole.engine.inspection.files import LARGEST_DIRECTORY, FileSystem, Inode, Read, Unreadable

SUPERBLOCK = 1024
MAGIC = 0xEF53
UNKNOWN = 0x1 | 0x8 | 0x10  # compressed, a journal's device, group descriptors elsewhere
HAS_64BIT = 0x80
USES_EXTENTS = 0x80000  # flags of an inode
INLINE_DATA = 0x10000000
EXTENT_MAGIC = 0xF30A
DEEPEST = 5


class Ext(FileSystem):
    """The file system at `offset`. Raises Unreadable, and what `read` raises."""

    root = 2

    def __init__(self, read: Read, offset: int) -> None:
        super().__init__(read, offset)
        head = read(offset + SUPERBLOCK, 1024)
        if len(head) < 1024 or struct.unpack_from("<H", head, 56)[0] != MAGIC:
            raise Unreadable
        first_block, log_size = struct.unpack_from("<II", head, 20)
        self._inodes, self._per_group = (
            *struct.unpack_from("<I", head, 0),
            *struct.unpack_from("<I", head, 40),
        )
        revision, incompatible = struct.unpack_from("<I", head, 76)[0], struct.unpack_from("<I", head, 96)[0]
        if log_size > 6 or not self._per_group or (revision and incompatible & UNKNOWN):
            raise Unreadable
        self._block_bytes = 1024 << log_size
        self._inode_bytes = struct.unpack_from("<H", head, 88)[0] if revision else 128
        is_wide = bool(revision and incompatible & HAS_64BIT)
        self._descriptor_bytes = struct.unpack_from("<H", head, 254)[0] if is_wide else 32
        if not 128 <= self._inode_bytes <= 4096 or not 32 <= self._descriptor_bytes <= 1024:
            raise Unreadable
        self._descriptors = (first_block + 1) * self._block_bytes

    def target(self, link: Inode) -> bytes:
        is_short = link.size < 60 and not link.layout & USES_EXTENTS
        return link.raw[: link.size] if is_short else self.content(link, 4096)

    def inode(self, number: int) -> Inode:
        if not 1 <= number <= self._inodes:
            raise Unreadable
        group, index = divmod(number - 1, self._per_group)
        at = self._descriptors + group * self._descriptor_bytes
        descriptor = self._bytes(at, self._descriptor_bytes)
        table = struct.unpack_from("<I", descriptor, 8)[0]
        if self._descriptor_bytes >= 64:
            table |= struct.unpack_from("<I", descriptor, 40)[0] << 32
        raw = self._bytes(table * self._block_bytes + index * self._inode_bytes, 128)
        size = struct.unpack_from("<I", raw, 4)[0] | struct.unpack_from("<I", raw, 108)[0] << 32
        return Inode(
            struct.unpack_from("<H", raw)[0] & 0xF000, size, struct.unpack_from("<I", raw, 32)[0], raw[40:100]
        )

    def entry(self, directory: Inode, name: bytes) -> int:
        """One with an index can be read in its order as well."""
        content = self.content(directory, LARGEST_DIRECTORY)
        for start in range(0, len(content), self._block_bytes):
            for number, found in _entries(content[start : start + self._block_bytes]):
                if found == name:
                    return number
        raise Unreadable

    def content(self, inode: Inode, limit_bytes: int) -> bytes:
        if inode.layout & INLINE_DATA:
            raise Unreadable
        wanted = min(inode.size, limit_bytes)
        blocks = -(-wanted // self._block_bytes)
        content = bytearray(blocks * self._block_bytes)
        for first, count, at in self._runs(inode, blocks):
            part = self._bytes(at * self._block_bytes, count * self._block_bytes)
            start = first * self._block_bytes
            content[start : start + len(part)] = part
        return bytes(content[:wanted])

    def _runs(self, inode: Inode, blocks: int) -> Iterator[tuple[int, int, int]]:
        """Which blocks of the file lie where: the first, how many, and the block of the disk."""
        if inode.layout & USES_EXTENTS:
            for first, count, at in self._extents(inode.raw, DEEPEST):
                if first < blocks:
                    yield first, min(count, blocks - first), at
            return
        pointers = list(struct.unpack("<12I", inode.raw[:48]))
        indirect = struct.unpack("<I", inode.raw[48:52])[0]
        if blocks > 12 and indirect:
            raw = self._bytes(indirect * self._block_bytes, self._block_bytes)
            pointers += struct.unpack(f"<{len(raw) // 4}I", raw)
        for first, at in enumerate(pointers[:blocks]):
            if at:
                yield first, 1, at

    def _extents(self, node: bytes, depth_left: int) -> Iterator[tuple[int, int, int]]:
        magic, entries, _most, depth = struct.unpack_from("<4H", node)
        if magic != EXTENT_MAGIC or depth > depth_left or 12 + 12 * entries > len(node):
            raise Unreadable
        for index in range(entries):
            first, low, high, count = struct.unpack_from("<IIHH", node, 12 + 12 * index)
            if depth:
                at = low | high << 32
                yield from self._extents(self._bytes(at * self._block_bytes, self._block_bytes), depth - 1)
                continue
            first, count, high, low = struct.unpack_from("<IHHI", node, 12 + 12 * index)
            if count <= 32768:  # more: reserved, and reads as zeros
                yield first, count, low | high << 32


def _entries(block: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 8 <= len(block):
        number, length, name_bytes = struct.unpack_from("<IHB", block, at)
        if length < 8 or length % 4:
            return
        if number:
            yield number, block[at + 8 : at + 8 + name_bytes]
        at += length
