"""The table of hostile files, by format, each with the code it must get."""

from collections.abc import Callable
from pathlib import Path

from imsconsole.engine.inspection import vhdx
from imsconsole.engine.types import MIB
from tests.engine.hostile import (
    SECTOR,
    SIZE,
    Case,
    Disks,
    descriptor,
    iso_over,
    patch,
    put,
    tar_of,
    vhd,
    vhd_dynamic,
    vhdx_item,
    zip_of,
)


def feature(bit: int) -> Callable[[Disks], bytes]:
    return lambda disks: patch(disks.get("qcow2"), 72, ">Q", 1 << bit)


def bent(name: str, offset: int, format: str, *values: object) -> Callable[[Disks], bytes]:
    return lambda disks: patch(disks.get(name), offset, format, *values)


def cut(name: str, length: int) -> Callable[[Disks], bytes]:
    return lambda disks: disks.get(name)[:length]


def plain(data: bytes) -> Callable[[Disks], bytes]:
    return lambda _disks: data


def text_vmdk(kind: str, extent: str) -> bytes:
    return f'# Disk DescriptorFile\nversion=1\nparentCID=ffffffff\ncreateType="{kind}"\n{extent}\n'.encode()


QCOW2 = (
    Case(
        "qcow2 with a backing file",
        "backing-file",
        lambda disks: disks.create("b", "-f", "qcow2", "-F", "raw", "-b", "gpt.raw", ""),
    ),
    Case("qcow2 whose backing name points nowhere", "backing-file", bent("qcow2", 8, ">QI", 2**63, 900)),
    Case(
        "qcow2 of version 2 with a backing file",
        "backing-file",
        lambda disks: disks.create("2", "-f", "qcow2", "-o", "compat=0.10", "-F", "raw", "-b", "gpt.raw", ""),
    ),
    Case(
        "qcow2 with an external data file",
        "data-file",
        lambda disks: disks.create("d", "-f", "qcow2", "-o", "data_file=outside.raw", "8M"),
    ),
    Case(
        "qcow2 that only names a data file",
        "data-file",
        lambda disks: patch(disks.get("qcow2"), 112, ">II16s", 0x44415441, 11, b"/etc/passwd"),
    ),
    Case("qcow2 with an unknown feature", "unknown-features", feature(40)),
    Case(
        "qcow2 with extended L2 entries",
        "unknown-features",
        lambda disks: disks.create("l2", "-f", "qcow2", "-o", "extended_l2=on", "8M"),
    ),
    Case("qcow2 of version 4", "unknown-features", bent("qcow2", 4, ">I", 4)),
    Case("qcow2 encrypted with AES", "encrypted", bent("qcow2", 32, ">I", 1)),
    Case("qcow2 encrypted with LUKS", "encrypted", bent("qcow2", 32, ">I", 2)),
    Case(
        "qcow2 with a LUKS header extension",
        "encrypted",
        lambda disks: patch(disks.get("qcow2"), 112, ">IIQQ", 0x0537BE77, 16, 4096, 512),
    ),
    Case("qcow2 marked corrupt", "corrupt", feature(1)),
    Case("qcow2 with tiny clusters", "absurd-header", bent("qcow2", 20, ">I", 3)),
    Case("qcow2 with huge clusters", "absurd-header", bent("qcow2", 20, ">I", 63)),
    Case("qcow2 with a huge L1 table", "absurd-header", bent("qcow2", 36, ">I", 2**31)),
    Case("qcow2 with too small an L1 table", "absurd-header", bent("qcow2", 24, ">Q", 2**60)),
    Case("qcow2 with a short header", "absurd-header", bent("qcow2", 100, ">I", 50)),
    Case("qcow2 with a million snapshots", "absurd-header", bent("qcow2", 60, ">I", 10**6)),
    Case("qcow2 with an L1 table out of place", "absurd-header", bent("qcow2", 40, ">Q", 17)),
    Case("qcow2 without a size", "empty", bent("qcow2", 24, ">Q", 0)),
    Case("qcow2 over the limit", "too-large", lambda disks: disks.create("t", "-f", "qcow2", "2T")),
    Case("qcow2 cut in its header", "truncated", cut("qcow2", 80)),
    Case("qcow2 cut in its tables", "truncated", cut("qcow2", 65536)),
    Case("qcow2 cut in its data", "corrupt", cut("qcow2", 262144 + 65536), late=True),
    Case("QED", "format-qed", lambda disks: disks.get("qed")),
)

QCOW1 = (
    Case(
        "qcow with a backing file",
        "backing-file",
        lambda disks: disks.create("1", "-f", "qcow", "-F", "raw", "-b", "gpt.raw", ""),
    ),
    Case("qcow whose backing name points nowhere", "backing-file", bent("qcow1", 8, ">QI", 2**63, 900)),
    Case("qcow with encryption", "encrypted", bent("qcow1", 36, ">I", 1)),
    Case("qcow with an unknown encryption", "encrypted", bent("qcow1", 36, ">I", 7)),
    Case("qcow with absurd clusters", "absurd-header", bent("qcow1", 32, ">B", 22)),
    Case("qcow with absurd tables", "absurd-header", bent("qcow1", 33, ">B", 2)),
    Case("qcow with too large a table", "absurd-header", bent("qcow1", 24, ">Q", 2**62)),
    Case("qcow with a table in its header", "absurd-header", bent("qcow1", 40, ">Q", 8)),
    Case("qcow without a size", "empty", bent("qcow1", 24, ">Q", 0)),
    Case("qcow over the limit", "too-large", lambda disks: disks.create("q", "-f", "qcow", "2T")),
    Case("qcow cut in its header", "truncated", cut("qcow1", 40)),
    Case("qcow cut in its table", "truncated", cut("qcow1", 50)),
    Case("qcow cut in its data", "truncated", cut("qcow1", 12 * 1024), late=True),
    Case("qcow cut in its last cluster", "truncated", lambda disks: disks.get("qcow1")[:-100], late=True),
    Case("qcow with a table behind its end", "truncated", bent("qcow1", 48, ">Q", 2**40), late=True),
    Case(
        "qcow with a compressed cluster behind its end",
        "truncated",
        lambda disks: patch(disks.get("qcow1"), 4096, ">Q", 2**63 + (100 << 51) + 2**40),
        late=True,
    ),
    Case("qcow that is also an ISO", "ambiguous", lambda disks: iso_over(disks.get("qcow1"))),
)

VMDK = (
    Case("VMDK with a flat file", "vmdk-flat", lambda disks: disks.get("flat")),
    Case(
        "VMDK text that names a file of the host",
        "vmdk-flat",
        plain(text_vmdk("monolithicFlat", 'RW 8 FLAT "/etc/passwd" 0')),
    ),
    Case("VMDK split into extents", "vmdk-extents", lambda disks: disks.get("split")),
    Case(
        "one extent of a split VMDK",
        "vmdk-extents",
        lambda disks: disks.get("split") and (disks.folder / "split-s001").read_bytes(),
    ),
    Case("VMDK extent of ESX", "vmdk-extents", plain(b"COWD" + bytes(4096))),
    Case(
        "VMDK extent in a path",
        "vmdk-extents",
        lambda disks: descriptor(disks.get("vmdk"), b'SPARSE "vmdk"', b'SPARSE "/etc/passwd"'),
    ),
    Case(
        "VMDK with a second extent",
        "vmdk-flat",
        lambda disks: descriptor(disks.get("vmdk"), b"# The Disk", b'RW 8 FLAT "x" 0\n# The Disk'),
    ),
    Case(
        "VMDK of another kind",
        "vmdk-extents",
        lambda disks: descriptor(disks.get("vmdk"), b"monolithicSparse", b"vmfsSparse"),
    ),
    Case(
        "VMDK with a parent's ID",
        "vmdk-parent",
        lambda disks: descriptor(disks.get("vmdk"), b"parentCID=ffffffff", b"parentCID=12345678"),
    ),
    Case(
        "VMDK with a parent's name in a comment",
        "vmdk-parent",
        lambda disks: descriptor(
            disks.get("vmdk"), b"# The Disk Data", b'#parentFileNameHint="/etc/passwd"\n#'
        ),
    ),
    Case(
        "VMDK snapshot by qemu-img",
        "vmdk-parent",
        lambda disks: disks.path("vmdk") and disks.create("p", "-f", "vmdk", "-F", "vmdk", "-b", "vmdk", ""),
    ),
    Case(
        "VMDK encrypted by VMware",
        "encrypted",
        lambda disks: descriptor(disks.get("vmdk"), b"#DDB", b'encryption.keySafe = "vmware:key"'),
    ),
    Case(
        "VMDK with other characters",
        "vmdk-encoding",
        lambda disks: descriptor(disks.get("vmdk"), b'"vmdk"', '"虚拟机"'.encode()),
    ),
    Case("VMDK without a size", "empty", bent("vmdk", 12, "<Q", 0)),
    Case("VMDK over the limit", "too-large", lambda disks: disks.create("v", "-f", "vmdk", "1025G")),
    Case("VMDK without grains", "absurd-header", bent("vmdk", 20, "<Q", 0)),
    Case("VMDK of version 9", "absurd-header", bent("vmdk", 4, "<I", 9)),
    Case("VMDK sent in text mode", "corrupt", bent("vmdk", 73, "<4s", b"\n \n\n")),
    Case("VMDK cut in its tables", "truncated", cut("vmdk", 12000)),
    Case("VMDK stream without its footer", "truncated", lambda disks: disks.footed[:-SECTOR]),
    Case(
        "VMDK stream with another footer",
        "corrupt",
        lambda disks: patch(disks.footed, len(disks.footed) - 1024 + 12, "<Q", 99),
    ),
)

VHD = (
    Case("VHD differencing disk", "vhd-parent", lambda disks: vhd(disks.get("vhd"), 60, ">I", 4)),
    Case("VHD with a parent's ID", "vhd-parent", lambda disks: vhd_dynamic(disks.get("vhd"), 40, ">I", 7)),
    Case(
        "VHD fixed differencing disk",
        "vhd-parent",
        lambda disks: disks.get("fixed")[:-SECTOR] + patch(disks.get("fixed")[-SECTOR:], 60, ">I", 4),
    ),
    Case("VHD with a wrong checksum", "corrupt", bent("vhd", 48, ">Q", 77)),
    Case(
        "VHD with two different footers",
        "corrupt",
        lambda disks: vhd(disks.get("vhd"), 48, ">Q", 4096)[:SECTOR] + disks.get("vhd")[SECTOR:],
    ),
    Case("VHD without its end", "truncated", lambda disks: disks.get("vhd")[:-SECTOR]),
    Case(
        "VHD fixed that lost data",
        "truncated",
        lambda disks: disks.get("fixed")[: SIZE // 2] + disks.get("fixed")[-SECTOR:],
    ),
    Case(
        "VHD with impossible blocks",
        "absurd-header",
        lambda disks: vhd_dynamic(disks.get("vhd"), 32, ">I", 3),
    ),
    Case(
        "VHD with too few blocks", "absurd-header", lambda disks: vhd_dynamic(disks.get("vhd"), 28, ">I", 1)
    ),
    Case("VHD without a size", "empty", lambda disks: vhd(disks.get("vhd"), 48, ">QHBB", 0, 0, 0, 0)),
    Case("VHD over the limit", "too-large", lambda disks: disks.create("h", "-f", "vpc", "1500G")),
)

VHDX = (
    Case("VHDX that says it has a parent", "vhdx-parent", bent("vhdx", 3 * MIB + 64 * 1024 + 4, "<I", 2)),
    Case(
        "VHDX with a parent locator",
        "vhdx-parent",
        lambda disks: put(disks.get("vhdx"), vhdx_item(disks.get("vhdx"), 2), vhdx.PARENT_LOCATOR.bytes_le),
    ),
    Case(
        "VHDX with an open log",
        "vhdx-log",
        lambda disks: patch(patch(disks.get("vhdx"), 64 * 1024 + 48, "<Q", 9), 128 * 1024 + 48, "<Q", 9),
    ),
    Case(
        "VHDX with an unknown region",
        "unknown-features",
        bent("vhdx", 192 * 1024 + 16, "<16sQII", b"?" * 16, 2 * MIB, MIB, 1),
    ),
    Case(
        "VHDX with an unknown item",
        "unknown-features",
        lambda disks: patch(
            disks.get("vhdx"), vhdx_item(disks.get("vhdx"), 4), "<16sIIII", b"?" * 16, 65536, 8, 4, 0
        ),
    ),
    Case("VHDX without a region table", "corrupt", bent("vhdx", 192 * 1024, "<4s", b"none")),
    Case(
        "VHDX without headers",
        "corrupt",
        lambda disks: patch(patch(disks.get("vhdx"), 65536, "<I", 0), 131072, "<I", 0),
    ),
    Case("VHDX with a region in its header", "absurd-header", bent("vhdx", 192 * 1024 + 32, "<Q", 512)),
    Case("VHDX over the limit", "too-large", lambda disks: disks.create("x", "-f", "vhdx", "2T")),
    Case("VHDX cut in its tables", "truncated", cut("vhdx", 3 * MIB)),
    Case("VHDX cut in its data", "corrupt", cut("vhdx", 8 * MIB + 100), late=True),
)

VDI = (
    Case("VDI undo disk", "vdi-parent", bent("vdi", 0x4C, "<I", 3)),
    Case("VDI differencing disk", "vdi-parent", bent("vdi", 0x4C, "<I", 4)),
    Case("VDI with a parent's ID", "vdi-parent", bent("vdi", 0x1B8, "<I", 1)),
    Case("VDI of another version", "absurd-header", bent("vdi", 0x44, "<I", 9)),
    Case("VDI with tiny blocks", "absurd-header", bent("vdi", 0x178, "<I", 1)),
    Case("VDI with too few blocks", "absurd-header", bent("vdi", 0x180, "<I", 1)),
    Case("VDI over the limit", "too-large", lambda disks: disks.create("i", "-f", "vdi", "1025G")),
    Case("VDI that lost data", "truncated", cut("vdi", MIB)),
)

NO_IMAGE = (
    Case("an empty file", "empty", plain(b"")),
    Case("an HTML page", "not-an-image", plain(b"<!DOCTYPE html><html><body>404</body></html>")),
    Case("text", "not-an-image", plain("你好, 这不是镜像\n".encode() * 100)),
    Case("JSON", "not-an-image", plain(b'{"error": "denied"}')),
    Case("a json: name for QEMU", "not-an-image", plain(b'json:{"driver":"file","filename":"/etc/passwd"}')),
    Case("a zip archive", "not-an-image", plain(zip_of())),
    Case("a gzip archive", "not-an-image", plain(b"\x1f\x8b\x08" + bytes(range(256)) * 9)),
    Case("an xz archive", "not-an-image", plain(b"\xfd7zXZ\x00" + bytes(range(256)))),
    Case("a 7z archive", "not-an-image", plain(b"7z\xbc\xaf\x27\x1c" + bytes(600))),
    Case("a bzip2 archive", "not-an-image", plain(b"BZh91AY&SY" + bytes(range(256)))),
    Case("a zstd archive", "not-an-image", plain(b"\x28\xb5\x2f\xfd" + bytes(600))),
    Case("a tar archive", "not-an-image", plain(tar_of("notes.txt"))),
    Case("an OVA without its disk", "ovf-unreadable", plain(tar_of("machine.ovf")), late=True),
    Case("a PDF", "not-an-image", plain(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3" + bytes(600))),
    Case("a program of Linux", "not-an-image", plain(Path("/bin/true").read_bytes())),
    Case("a program of Windows", "not-an-image", plain(b"MZ" + bytes(5000))),
    Case("a text that is said to be raw", "not-an-image", plain(b"hello " * 900), claimed="raw"),
    Case("a DMG", "not-an-image", plain(bytes(8192) + b"koly" + bytes(508))),
    Case("bytes without a meaning", "not-an-image", plain(bytes(range(256)) * 40)),
    Case("zeros", "not-an-image", plain(bytes(MIB))),
    Case("LUKS", "encrypted", plain(b"LUKS\xba\xbe\x00\x02" + bytes(8192))),
    Case(
        "a raw disk with half its GPT",
        "truncated",
        lambda disks: (disks.folder / "gpt.raw").read_bytes()[: SIZE // 2],
    ),
    Case(
        "a raw disk with a partition out of it",
        "truncated",
        lambda disks: (disks.folder / "mbr.raw").read_bytes()[: SIZE // 2],
    ),
    Case(
        "a GPT with a million entries",
        "absurd-header",
        lambda disks: patch((disks.folder / "gpt.raw").read_bytes(), 512 + 80, "<I", 10**6),
    ),
    Case("an ISO cut in half", "truncated", plain(Path("/usr/lib/ipxe/ipxe.iso").read_bytes()[:MIB])),
    Case("an ISO without descriptors", "corrupt", plain(put(bytes(MIB), 32768, b"\xffCD001\x01"))),
    Case("qcow2 and ISO at once", "ambiguous", lambda disks: iso_over(disks.get("qcow2"))),
    Case("VMDK and ISO at once", "ambiguous", lambda disks: iso_over(disks.get("vmdk"))),
    Case("qcow2 and VDI at once", "ambiguous", bent("qcow2", 0x40, "<I", 0xBEDA107F)),
    Case(
        "qcow2 and fixed VHD at once",
        "ambiguous",
        lambda disks: disks.get("qcow2") + disks.get("fixed")[-SECTOR:],
    ),
    Case("tar and ISO at once", "ambiguous", plain(iso_over(tar_of("machine.ovf")))),
    Case("qcow2 said to be raw", "other-format", lambda disks: disks.get("qcow2"), claimed="raw"),
    Case("VHD said to be VMDK", "other-format", lambda disks: disks.get("vhd"), claimed="vmdk"),
    Case(
        "raw said to be qcow2",
        "other-format",
        lambda disks: (disks.folder / "gpt.raw").read_bytes(),
        claimed="qcow2",
    ),
    Case(
        "ISO said to be raw",
        "other-format",
        plain(Path("/usr/lib/ipxe/ipxe.iso").read_bytes()),
        claimed="raw",
    ),
)

CASES = (*QCOW1, *QCOW2, *VMDK, *VHD, *VHDX, *VDI, *NO_IMAGE)
