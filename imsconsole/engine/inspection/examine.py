"""Which format it is, then that format's own checks. Pure: bytes in view in, facts or BadImage out."""

from collections.abc import Callable

from imsconsole.core.errors import BadImage
from imsconsole.engine.inspection import disk, iso, ova, qcow1, qcow2, vdi, vhd, vhdx, vmdk
from imsconsole.engine.inspection.foreign import find_foreign, is_vmdk_descriptor, text_of
from imsconsole.engine.inspection.view import Facts, View

WARNINGS = frozenset(
    {
        "no-partition-table",
        "partition-beyond-end",
        "padded",
        "snapshots",
        "unclean",
        "leaked-clusters",
        "vhd-geometry",
    }
)
ALIASES = {"vpc": "vhd", "img": "raw", "qcow1": "qcow"}
READERS: dict[str, Callable[[View], Facts]] = {
    "qcow": qcow1.read,
    "qcow2": qcow2.read,
    "vmdk": vmdk.read,
    "vhd": vhd.read,
    "vhd-fixed": vhd.read_fixed,
    "vhdx": vhdx.read,
    "vdi": vdi.read,
    "iso": iso.read,
    "ova": ova.read,
}
# (offset, magic, what it is)
SIGNATURES = (
    (0, qcow1.MAGIC, "qcow"),
    (0, qcow2.MAGIC, "qcow2"),
    (0, b"QED\0", "qed"),
    (0, vmdk.MAGIC, "vmdk"),
    (0, vhd.MAGIC, "vhd"),
    (0, vhdx.MAGIC, "vhdx"),
    (0, b"LUKS\xba\xbe", "luks"),
    (vdi.MAGIC_OFFSET, vdi.MAGIC, "vdi"),
    (iso.MAGIC_OFFSET, iso.MAGIC, "iso"),
    *((0, magic, "vmdk-extent") for magic in vmdk.OTHER_EXTENTS),
)


def examine(view: View, limit_virtual_bytes: int, claimed: str = "") -> Facts:
    """What the file is. While it arrives only sure refusals count, and raw is not judged yet.

    Raises BadImage; Unseen when more bytes are needed.
    """
    if view.size_bytes == 0:
        raise BadImage("empty")
    kind = detect(view)
    claimed = ALIASES.get(claimed.lower(), claimed.lower())
    facts = disk.read_raw(view, claimed_raw=claimed == "raw") if kind == "raw" else READERS[kind](view)
    check_size(facts, limit_virtual_bytes, arriving=view.size_bytes is None)
    if claimed and claimed != facts.format:
        raise BadImage("other-format", claimed=claimed, found=facts.format)
    return facts


def check_size(facts: Facts, limit_virtual_bytes: int, *, arriving: bool) -> None:
    if facts.format == "ova":  # its disks are looked at one by one
        return
    size = facts.virtual_size_bytes
    if size > limit_virtual_bytes:
        raise BadImage("too-large", size_bytes=size, limit_bytes=limit_virtual_bytes)
    if not size and not (arriving and facts.format in ("raw", "iso")):
        raise BadImage("empty")


def detect(view: View) -> str:
    """One of READERS, or raw. Refuses what is several things at once, or none we take."""
    kinds = signatures(view)
    foreign = find_foreign(view)
    found = kinds + ([foreign] if foreign else [])
    if len(found) > 1:
        raise BadImage("ambiguous", found=", ".join(kind.replace("-fixed", "") for kind in found))
    if foreign and foreign != "ova":
        raise BadImage("not-an-image", found=foreign)
    kind = kinds[0] if kinds else foreign or "raw"
    refuse_format(kind, view.head)
    return kind


def signatures(view: View) -> list[str]:
    kinds = [kind for offset, magic, kind in SIGNATURES if view.head.startswith(magic, offset)]
    if "qcow" in kinds:
        kinds.remove("qcow2")  # their magic is the same
    if is_vmdk_descriptor(text_of(view.head[:512].split(b"\0")[0]).lower()):
        kinds.append("vmdk-descriptor")
    if view.size_bytes is not None and "vhd" not in kinds and len(view.end) >= vhd.FOOTER_BYTES:
        kinds += ["vhd-fixed"] if view.tail(vhd.FOOTER_BYTES).startswith(vhd.MAGIC) else []
    return kinds


def refuse_format(kind: str, head: bytes) -> None:
    """Refuse the formats that are recognised only to be refused."""
    if kind == "qed":
        raise BadImage("format-qed")
    if kind == "luks":
        raise BadImage("encrypted", format="raw", method="LUKS")
    if kind == "vmdk-descriptor":
        vmdk.refuse_descriptor(head)
    if kind == "vmdk-extent":
        create_type = next(name for magic, name in vmdk.OTHER_EXTENTS.items() if head.startswith(magic))
        raise BadImage("vmdk-extents", create_type=create_type, files="")
