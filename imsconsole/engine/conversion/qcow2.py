"""qcow2 files written without a program: blank disks, layers over another file, and the content of raw disks.

As QEMU's docs/interop/qcow2.txt has it, version 3 in clusters of 64 KiB, like `qemu-img`: the header, the table and blocks
of reference counts, the L1 table, the L2 tables, then the data in the order of the disk. Nothing that was
read is understood here, but whether it is zero.
"""

import os
import struct
from array import array
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from imsconsole.core.errors import BadImage
from imsconsole.engine.conversion.hashing import PIECE_BYTES, Writer

CLUSTER = 64 * 1024
ZEROS = bytes(CLUSTER)
ENTRIES = CLUSTER // 8  # of the tables: they are lists of offsets
COUNTS = CLUSTER // 2  # of a block: reference counts have 16 bits
OWN = 1 << 63  # beside an offset: its cluster is in use once
MAGIC = b"QFI\xfb"
HEADER = struct.Struct(">4sIQIIQIIQQIIQQQQII")
EXTENSION = struct.Struct(">II")
BACKING_FORMAT = 0xE2792ACA
SECTOR = 512


def header_of(path: Path) -> tuple[int, bool]:
    """Virtual size and whether it is encrypted, of a qcow2 that we or our programs have written. Raises BadImage."""
    with path.open("rb") as file:
        head = file.read(HEADER.size)
    if len(head) < HEADER.size or not head.startswith(MAGIC):
        raise BadImage("corrupt", format="qcow2", detail="no header")
    values = HEADER.unpack(head)
    return values[5], bool(values[6])


def write_blank(out: BinaryIO, size_bytes: int, base: str = "") -> None:
    """A disk of zeros, or of what the qcow2 file `base` beside it has."""
    for piece in _tables(size_bytes, b"", base):
        out.write(piece)


def write_raw(
    source: BinaryIO,
    out: BinaryIO,
    progress: Callable[[int, int], None],
    admitted: Callable[[int], AbstractContextManager[object]] = nullcontext,
) -> str:
    """The content of a raw disk, but for clusters of zeros; the SHA-256 of what was written.

    It is written within what `admitted` answers to its size, and raises what that raises.
    """
    size = os.fstat(source.fileno()).st_size
    size_bytes = -(-size // SECTOR) * SECTOR
    used = _used_clusters(source, size, lambda: progress(0, size))
    with admitted(_layout(size_bytes, used).clusters * CLUSTER), Writer(out) as made:
        for piece in _tables(size_bytes, used):
            made.write(piece)
        for first, last in _runs(used):
            piece = os.pread(source.fileno(), (last - first) * CLUSTER, first * CLUSTER)
            made.write(piece.ljust((last - first) * CLUSTER, b"\0"))
            progress(min(last * CLUSTER, size), size)
        progress(size, size)
        return made.hexdigest()


def _used_clusters(source: BinaryIO, size: int, beat: Callable[[], None]) -> bytearray:
    """A byte for each cluster: 1 when it has anything but zeros."""
    used = bytearray(-(-size // CLUSTER))
    for start, end in _extents(source.fileno(), size):
        for offset in range(start // CLUSTER * CLUSTER, end, PIECE_BYTES):
            piece = os.pread(source.fileno(), PIECE_BYTES, offset)
            piece += bytes(-len(piece) % CLUSTER)
            for at in range(0, len(piece), CLUSTER):
                used[(offset + at) // CLUSTER] = not piece.startswith(ZEROS, at)
            beat()
    return used


def _extents(number: int, size: int) -> Iterator[tuple[int, int]]:
    """From where to where a file has bytes, not holes."""
    end = 0
    while end < size:
        try:
            start = os.lseek(number, end, os.SEEK_DATA)
        except OSError:  # nothing more: ENXIO
            return
        end = os.lseek(number, start, os.SEEK_HOLE)
        yield start, end


def _runs(used: bytearray) -> Iterator[tuple[int, int]]:
    """The used clusters, as many in a row as are written at once."""
    first = used.find(1)
    while first >= 0:
        last = used.find(0, first, first + PIECE_BYTES // CLUSTER)
        last = last if last >= 0 else min(first + PIECE_BYTES // CLUSTER, len(used))
        yield first, last
        first = used.find(1, last)


@dataclass(frozen=True)
class Layout:
    """Where what lies, in clusters: L1, L2 tables of the groups that are `filled`, data; `clusters` is all of it."""

    filled: list[bool]
    count_clusters: int
    blocks: int
    l1: int
    l2: int
    data: int
    clusters: int


def _layout(size_bytes: int, used: bytes | bytearray) -> Layout:
    groups = -(-size_bytes // (CLUSTER * ENTRIES))
    filled = [used.find(1, group * ENTRIES, (group + 1) * ENTRIES) >= 0 for group in range(groups)]
    l1_clusters = max(1, -(-groups // ENTRIES))
    behind = l1_clusters + sum(filled) + sum(used)  # the reference counts
    count_clusters = 1 + behind // (COUNTS * ENTRIES - ENTRIES)
    blocks = -(-(1 + count_clusters + behind) // (COUNTS - 1))  # each counts itself as well
    l1 = 1 + count_clusters + blocks
    l2 = l1 + l1_clusters
    data = l2 + sum(filled)
    return Layout(filled, count_clusters, blocks, l1, l2, data, data + sum(used))


def _tables(size_bytes: int, used: bytes | bytearray, base: str = "") -> Iterator[bytes]:
    """All that comes before the data: whole clusters."""
    place = _layout(size_bytes, used)
    data = place.data
    yield _header(size_bytes, len(place.filled), place.l1, place.count_clusters, base)
    yield _packed("Q", [(1 + place.count_clusters + block) * CLUSTER for block in range(place.blocks)])
    for block in range(place.blocks):
        yield _packed("H", [1] * min(COUNTS, place.clusters - block * COUNTS))
    yield _packed("Q", _offsets(bytes(place.filled), place.l2), place.l2 - place.l1)
    for group, is_filled in enumerate(place.filled):
        if is_filled:
            entries = used[group * ENTRIES : (group + 1) * ENTRIES]
            yield _packed("Q", _offsets(entries, data))
            data += sum(entries)


def _offsets(used: bytes | bytearray, cluster: int) -> list[int]:
    """An entry for each: where it lies, one after the other from `cluster` on, or nothing."""
    offsets = []
    for is_used in used:
        offsets.append(cluster * CLUSTER | OWN if is_used else 0)
        cluster += is_used
    return offsets


def _packed(kind: str, values: list[int], clusters: int = 0) -> bytes:
    """Big-endian numbers, filled up to whole clusters."""
    numbers = array(kind, values)
    numbers.byteswap()
    packed = numbers.tobytes()
    return packed.ljust(max(clusters, -(-len(packed) // CLUSTER)) * CLUSTER, b"\0")


def _header(size_bytes: int, l1_entries: int, l1: int, count_clusters: int, base: str) -> bytes:
    name, driver = base.encode(), b"qcow2" if base else b""
    extension = EXTENSION.pack(BACKING_FORMAT, len(driver)) + driver.ljust(8, b"\0") if base else b""
    place = HEADER.size + len(extension) + EXTENSION.size if base else 0
    bits = CLUSTER.bit_length() - 1
    header = HEADER.pack(
        MAGIC, 3, place, len(name), bits, size_bytes, 0, l1_entries, l1 * CLUSTER, CLUSTER, count_clusters,
        0, 0, 0, 0, 0, 4, HEADER.size,
    )  # fmt: skip
    return (header + extension + EXTENSION.pack(0, 0) + name).ljust(CLUSTER, b"\0")
