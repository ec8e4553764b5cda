"""qcow, the first version (QEMU's block/qcow.c): what it says of itself is all there is, QEMU has no check for it."""

import struct
from array import array

from imsconsole.core.errors import BadImage
from imsconsole.engine.inspection.view import Facts, View, demand
from imsconsole.engine.types import MIB

MAGIC = b"QFI\xfb\0\0\0\1"
HEADER = struct.Struct(">4sIQIIQBBxxIQ")
COMPRESSED = 1 << 63
PIECE_ENTRIES = MIB // 8  # of the first table, looked at at once


def read(view: View) -> Facts:
    """Facts of a qcow file of version 1 that stands on its own."""
    header = HEADER.unpack(view.at(0, HEADER.size))
    (_, _, backing_offset, backing_length, _, size, cluster_bits, l2_bits, crypt, l1_offset) = header
    if backing_offset:
        name = view.at(backing_offset, min(backing_length, 1023)) if backing_offset < MIB else b""
        raise BadImage("backing-file", file=name.decode("utf-8", "replace"))
    if crypt:
        raise BadImage("encrypted", format="qcow", method="AES" if crypt == 1 else str(crypt))
    demand(9 <= cluster_bits <= 16, "qcow", "cluster_bits", cluster_bits)
    demand(6 <= l2_bits <= 13, "qcow", "l2_bits", l2_bits)
    entries = -(-size >> cluster_bits + l2_bits)
    demand(entries <= 32 * MIB // 8, "qcow", "size", size)
    demand(l1_offset >= HEADER.size, "qcow", "l1_table_offset", l1_offset)
    view.reach(l1_offset + entries * 8)
    if view.read is not None:
        check_clusters(view, l1_offset, entries, cluster_bits, l2_bits)
    return Facts("qcow", size // 512 * 512)


def check_clusters(view: View, l1_offset: int, entries: int, cluster_bits: int, l2_bits: int) -> None:
    """Every table and cluster must be in the file: behind its end QEMU reads zeros, and says nothing."""
    table_bytes = 8 << l2_bits
    most = (view.size_bytes or 0) // table_bytes  # tables that do not lie over each other
    seen: set[int] = set()
    for first in range(0, entries, PIECE_ENTRIES):
        seen.update(numbers(view, l1_offset + 8 * first, min(PIECE_ENTRIES, entries - first)))
        demand(len(seen) <= most + 1, "qcow", "l2_tables", len(seen))
    for offset in sorted(seen - {0}):
        clusters = numbers(view, offset, 1 << l2_bits)
        if max(clusters) < COMPRESSED:
            view.reach(end_of(max(clusters), cluster_bits))
            continue
        for cluster in clusters:
            view.reach(end_of(cluster, cluster_bits))


def numbers(view: View, offset: int, count: int) -> "array[int]":
    """The big-endian numbers of a table."""
    table = array("Q", view.at(offset, 8 * count))
    table.byteswap()
    return table


def end_of(entry: int, cluster_bits: int) -> int:
    """Where the cluster of an entry ends; without one it is zeros."""
    if entry & COMPRESSED:
        return (entry & (1 << 63 - cluster_bits) - 1) + (entry >> 63 - cluster_bits & (1 << cluster_bits) - 1)
    return entry and entry + (1 << cluster_bits)
