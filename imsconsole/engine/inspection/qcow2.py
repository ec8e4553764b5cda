"""qcow2 (QEMU's docs/interop/qcow2.txt)."""

import struct

from imsconsole.core.errors import BadImage
from imsconsole.engine.inspection.view import Facts, Unseen, View, demand
from imsconsole.engine.types import MIB

MAGIC = b"QFI\xfb"
DIRTY, CORRUPT, DATA_FILE = 1 << 0, 1 << 1, 1 << 2
KNOWN_FEATURES = 0b1111  # dirty, corrupt, data file, compression type
EXTENSION_DATA_FILE = 0x44415441
EXTENSION_ENCRYPTION = 0x0537BE77
MAX_EXTENSIONS = 64
CRYPT_METHODS = {1: "AES", 2: "LUKS"}
HEADER = struct.Struct(">4sIQIIQIIQQIIQ")


def read(view: View) -> Facts:
    """Facts of a qcow2 file that stands on its own."""
    header = HEADER.unpack(view.at(0, HEADER.size))
    (_, version, backing_offset, backing_length, cluster_bits, size, crypt, *tables) = header
    if version not in (2, 3):
        raise BadImage("unknown-features", format="qcow2", features=f"version {version}")
    if backing_offset:
        raise BadImage("backing-file", file=backing_name(view, backing_offset, backing_length))
    if crypt:
        raise BadImage("encrypted", format="qcow2", method=CRYPT_METHODS.get(crypt, str(crypt)))
    demand(9 <= cluster_bits <= 21, "qcow2", "cluster_bits", cluster_bits)
    features, header_bytes = read_version_3(view, 1 << cluster_bits) if version == 3 else (0, 72)
    check_extensions(view, header_bytes, 1 << cluster_bits)
    check_tables(view, 1 << cluster_bits, size, tables)
    warnings = ("unclean",) if features & DIRTY else ()
    return Facts("qcow2", size, warnings=warnings + (("snapshots",) if tables[4] else ()))


def backing_name(view: View, offset: int, length: int) -> str:
    """The name in the header, or empty when it points nowhere."""
    try:
        return view.at(offset, min(length, 1023)).decode("utf-8", "replace")
    except (Unseen, BadImage):
        return ""


def read_version_3(view: View, cluster_bytes: int) -> tuple[int, int]:
    """The incompatible features and the header's length."""
    features, refcount_order, length = struct.unpack(">Q16xII", view.at(72, 32))
    if features & DATA_FILE:
        raise BadImage("data-file", format="qcow2", file="")
    unknown = [bit for bit in range(64) if features & ~KNOWN_FEATURES & (1 << bit)]
    if unknown:
        raise BadImage(
            "unknown-features", format="qcow2", features=", ".join(f"bit {bit}" for bit in unknown)
        )
    if features & CORRUPT:
        raise BadImage("corrupt", format="qcow2", detail="marked corrupt")
    demand(refcount_order <= 6, "qcow2", "refcount_order", refcount_order)
    demand(104 <= length <= cluster_bytes and length % 8 == 0, "qcow2", "header_length", length)
    return features, length


def check_extensions(view: View, offset: int, cluster_bytes: int) -> None:
    """Refuse extensions that speak of other files or keys, whatever the feature bits say."""
    for _ in range(MAX_EXTENSIONS):
        if offset + 8 > cluster_bytes:
            return
        kind, length = struct.unpack(">II", view.at(offset, 8))
        if kind == 0:
            return
        demand(offset + 8 + length <= cluster_bytes, "qcow2", "extension_length", length)
        if kind == EXTENSION_DATA_FILE:
            name = view.at(offset + 8, length)[:1023].decode("utf-8", "replace")
            raise BadImage("data-file", format="qcow2", file=name)
        if kind == EXTENSION_ENCRYPTION:
            raise BadImage("encrypted", format="qcow2", method="LUKS")
        offset += 8 + (length + 7) // 8 * 8
    raise BadImage("absurd-header", format="qcow2", field="extensions", value=MAX_EXTENSIONS)


def check_tables(view: View, cluster_bytes: int, size: int, tables: list[int]) -> None:
    """L1 table, reference counts and snapshots must be of sane size, aligned and inside the file."""
    l1_entries, l1_offset, refcounts_offset, refcount_clusters, snapshots, snapshots_offset = tables
    needed = -(-size // (cluster_bytes * (cluster_bytes // 8)))
    demand(needed <= l1_entries <= 32 * MIB // 8, "qcow2", "l1_size", l1_entries)
    demand(
        refcount_clusters * cluster_bytes <= 8 * MIB, "qcow2", "refcount_table_clusters", refcount_clusters
    )
    demand(snapshots <= 65536, "qcow2", "nb_snapshots", snapshots)
    for name, offset in (("l1_table_offset", l1_offset), ("refcount_table_offset", refcounts_offset)):
        demand(offset > 0 and offset % cluster_bytes == 0, "qcow2", name, offset)
    view.reach(l1_offset + l1_entries * 8)
    view.reach(refcounts_offset + refcount_clusters * cluster_bytes)
    view.reach(snapshots_offset if snapshots else 0)
