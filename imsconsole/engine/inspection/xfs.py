"""Files of XFS, versions 4 and 5."""

import struct
from collections.abc import Iterator

from imsconsole.engine.inspection.files import LARGEST_DIRECTORY, FileSystem, Inode, Read, Unreadable

MAGIC = b"XFSB"
LOCAL, EXTENTS, TREE = 1, 2, 3  # where an inode's content is
BLOCK_HEADS = {
    b"XD2B": 16,
    b"XD2D": 16,
    b"XDB3": 64,
    b"XDD3": 64,
}  # of a directory's block: bytes before its entries
SINGLE = (b"XD2B", b"XDB3")  # a directory of one block: the index is at its end
LINK_HEAD = b"XSLM"
TREE_HEADS = {b"BMAP": 24, b"BMA3": 72}
DEEPEST = 4
BEHIND = 32 * 1024**3  # of a directory's content: from here on it is its index
FREE = b"\xff\xff"


class Xfs(FileSystem):
    def __init__(self, read: Read, offset: int) -> None:
        super().__init__(read, offset)
        head = read(offset, 512)
        if len(head) < 512 or head[:4] != MAGIC:
            raise Unreadable
        (self._block_bytes,) = struct.unpack_from(">I", head, 4)
        (self.root,) = struct.unpack_from(">Q", head, 56)
        (self._group_blocks,) = struct.unpack_from(">I", head, 84)
        version, self._inode_bytes, per_block = struct.unpack_from(">H2xHH", head, 100)
        _log_block, _log_sector, _log_inode, self._log_per_block, self._log_group = head[120:125]
        self._log_directory = head[192]
        self._is_5 = version & 0xF == 5
        more = struct.unpack_from(">I", head, 200)[0], struct.unpack_from(">I", head, 216)[0]
        self._has_types = bool(more[1] & 1 if self._is_5 else more[0] & 0x200)
        if self._block_bytes not in (512, 1024, 2048, 4096, 8192, 16384, 32768, 65536):
            raise Unreadable
        if not 256 <= self._inode_bytes <= 2048 or per_block != 1 << self._log_per_block:
            raise Unreadable
        if self._log_group > 31 or self._log_directory > 4:
            raise Unreadable

    def _at(self, block: int) -> int:
        """Where a block, by its number in the file system, lies on the disk."""
        group, inside = block >> self._log_group, block & ((1 << self._log_group) - 1)
        return (group * self._group_blocks + inside) * self._block_bytes

    def inode(self, number: int) -> Inode:
        block, index = number >> self._log_per_block, number & ((1 << self._log_per_block) - 1)
        raw = self._bytes(self._at(block) + index * self._inode_bytes, self._inode_bytes)
        if raw[:2] != b"IN":
            raise Unreadable
        mode, version, layout = struct.unpack_from(">HBB", raw, 2)
        (size,) = struct.unpack_from(">Q", raw, 56)
        fork = raw[176 if version >= 3 else 100 :]
        if raw[82]:  # behind it are the attributes
            fork = fork[: 8 * raw[82]]
        count = struct.unpack_from(">I", raw, 76)[0]
        return Inode(mode & 0xF000, size, layout, struct.pack(">I", count) + fork)

    def target(self, link: Inode) -> bytes:
        if link.layout == LOCAL:
            return link.raw[4 : 4 + min(link.size, 1024)]
        content = self.content(link, 1024, 1024 + 56)
        return content[56 : 56 + link.size] if content.startswith(LINK_HEAD) else content[: link.size]

    def content(self, inode: Inode, limit_bytes: int, least_bytes: int = 0) -> bytes:
        if inode.layout == LOCAL:
            raise Unreadable  # only directories and links are kept so
        wanted = min(max(inode.size, least_bytes), max(limit_bytes, least_bytes))
        content = bytearray(-(-wanted // self._block_bytes) * self._block_bytes)
        for first, count, block in self._extents(inode):
            start, most = first * self._block_bytes, len(content) // self._block_bytes - first
            if most > 0:
                part = self._bytes(self._at(block), min(count, most) * self._block_bytes)
                content[start : start + len(part)] = part
        return bytes(content[:wanted])

    def _extents(self, inode: Inode) -> Iterator[tuple[int, int, int]]:
        """The first block of the content, how many, and the block of the file system where they begin."""
        (count,), fork = struct.unpack_from(">I", inode.raw), inode.raw[4:]
        if inode.layout == EXTENTS:
            yield from _records(fork, count)
            return
        if inode.layout != TREE:
            raise Unreadable
        level, entries = struct.unpack_from(">HH", fork)
        most = (len(fork) - 4) // 16
        if level > DEEPEST or entries > most:
            raise Unreadable
        for index in range(entries):
            (block,) = struct.unpack_from(">Q", fork, 4 + 8 * most + 8 * index)
            yield from self._node(block, level - 1)

    def _node(self, block: int, level: int) -> Iterator[tuple[int, int, int]]:
        raw = self._bytes(self._at(block), self._block_bytes)
        head = TREE_HEADS.get(raw[:4], 0)
        found_level, entries = struct.unpack_from(">HH", raw, 4)
        most = (len(raw) - head) // 16
        if not head or found_level != level or entries > most:
            raise Unreadable
        if level == 0:
            yield from _records(raw[head:], entries)
            return
        for index in range(entries):
            (below,) = struct.unpack_from(">Q", raw, head + 8 * most + 8 * index)
            yield from self._node(below, level - 1)

    def entry(self, directory: Inode, name: bytes) -> int:
        if directory.layout == LOCAL:
            return _short_entry(directory.raw[4:], name, has_types=self._has_types)
        for block in self._directory_blocks(directory):
            for number, found in self._entries(block):
                if found == name:
                    return number
        raise Unreadable

    def _directory_blocks(self, directory: Inode) -> Iterator[bytes]:
        size, per_block = self._block_bytes << self._log_directory, 1 << self._log_directory
        left = LARGEST_DIRECTORY
        for first, count, block in self._extents(directory):
            if first * self._block_bytes >= BEHIND:
                continue
            for index in range(0, count, per_block):
                left -= size
                if left < 0:
                    raise Unreadable
                yield self._bytes(self._at(block + index), size)

    def _entries(self, block: bytes) -> Iterator[tuple[int, bytes]]:
        magic = block[:4]
        at, end = BLOCK_HEADS.get(magic, len(block)), len(block)
        if magic in SINGLE:
            (leaves,) = struct.unpack_from(">I", block, len(block) - 8)
            end -= 8 + 8 * min(leaves, len(block) // 8)
        while at + 12 <= end:
            if block[at : at + 2] == FREE:
                length = struct.unpack_from(">H", block, at + 2)[0]
                if length < 8:
                    return
                at += length
                continue
            (number,), name_bytes = struct.unpack_from(">Q", block, at), block[at + 8]
            yield number, block[at + 9 : at + 9 + name_bytes]
            at += -(-(9 + name_bytes + self._has_types + 2) // 8) * 8


def _records(raw: bytes, count: int) -> Iterator[tuple[int, int, int]]:
    if count * 16 > len(raw):
        raise Unreadable
    for index in range(count):
        high, low = struct.unpack_from(">QQ", raw, 16 * index)
        if high >> 63:  # reserved, and reads as zeros
            continue
        yield high >> 9 & (1 << 54) - 1, low & (1 << 21) - 1, (high & 0x1FF) << 43 | low >> 21


def _short_entry(raw: bytes, name: bytes, *, has_types: bool) -> int:
    """A directory that fits into its inode."""
    count, wide = raw[0], bool(raw[1])
    width = 8 if wide else 4
    at = 2 + width
    for _number in range(count):
        name_bytes = raw[at]
        found = raw[at + 3 : at + 3 + name_bytes]
        at += 3 + name_bytes + has_types
        if found == name:
            return int.from_bytes(raw[at : at + width], "big")
        at += width
    raise Unreadable
