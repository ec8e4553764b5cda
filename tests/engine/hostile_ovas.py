"""Hostile archives, each with the code it must get; built around the content of a good disk."""

import gzip
import io
import tarfile

from imsconsole.engine.types import MIB
from tests.support.ova import ova, ovf, tar


def with_member(change, disk: bytes) -> bytes:
    """A good archive with one more member, or one that `change` bends."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in (("machine.ovf", ovf(["a.vmdk"])), ("a.vmdk", disk)):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        info = tarfile.TarInfo("more")
        change(info)
        archive.addfile(info)
    return buffer.getvalue()


def kind(type: bytes, target: str = ""):
    def change(info: tarfile.TarInfo) -> None:
        info.type, info.linkname = type, target

    return change


def called(name: str):
    return lambda info: setattr(info, "name", name)


BOMB = '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>\n'
DELTA = '<Disk ovf:parentRef="x" ovf:capacity'
OUTSIDE = '<!DOCTYPE b SYSTEM "file:///etc/passwd">\n'
PAX_SPARSE = {
    "GNU.sparse.major": "1",
    "GNU.sparse.minor": "0",
    "GNU.sparse.name": "x",
    "GNU.sparse.realsize": "99",
}
HOSTILE = {
    "a path upwards": ("ova-structure", lambda d: with_member(called("../../etc/passwd"), d)),
    "an absolute path": ("ova-structure", lambda d: with_member(called("/etc/passwd"), d)),
    "a folder": ("ova-structure", lambda d: with_member(kind(tarfile.DIRTYPE), d)),
    "a symbolic link": ("ova-structure", lambda d: with_member(kind(tarfile.SYMTYPE, "/etc/passwd"), d)),
    "a hard link": ("ova-structure", lambda d: with_member(kind(tarfile.LNKTYPE, "a.vmdk"), d)),
    "a device": ("ova-structure", lambda d: with_member(kind(tarfile.CHRTYPE), d)),
    "a name twice": ("ova-structure", lambda d: with_member(called("a.vmdk"), d)),
    "a second description": ("ova-structure", lambda d: with_member(called("other.ovf"), d)),
    "a sparse member": ("ova-structure", lambda d: with_member(lambda i: setattr(i, "pax_headers", PAX_SPARSE), d)),
    "a name with signs": ("ova-structure", lambda d: with_member(called("a\x1b[2J"), d)),
    "many members": ("ova-structure", lambda d: tar({"machine.ovf": ovf(["a.vmdk"]), "a.vmdk": d} | {f"{n}": b"" for n in range(99)})),
    "a huge description": ("ova-structure", lambda d: ova({"a.vmdk": d}, descriptor=ovf(["a.vmdk"], name="x" * MIB))),
    "a cut end": ("truncated", lambda d: ova({"a.vmdk": d})[: len(d) // 2]),
    "entities": ("ovf-unreadable", lambda d: ova({"a.vmdk": d}, descriptor=ovf(["a.vmdk"], doctype=BOMB))),
    "an entity outside": ("ovf-unreadable", lambda d: ova({"a.vmdk": d}, descriptor=ovf(["a.vmdk"], doctype=OUTSIDE))),
    "no XML": ("ovf-unreadable", lambda d: ova({"a.vmdk": d}, descriptor=b"machine")),
    "no machine": ("ova-machines", lambda d: ova({"a.vmdk": d}, descriptor=ovf(["a.vmdk"], machines=0))),
    "two machines": ("ova-machines", lambda d: ova({"a.vmdk": d}, descriptor=ovf(["a.vmdk"], machines=2))),
    "no disk": ("ova-no-disk", lambda d: ova({"a.vmdk": d}, descriptor=ovf([]))),
    "many disks": ("ova-disks", lambda d: ova({"a.vmdk": d}, descriptor=ovf([f"{n}.vmdk" for n in range(17)]))),
    "a file that is not there": ("ova-file-missing", lambda d: ova({"a.vmdk": d}, descriptor=ovf(["b.vmdk"]))),
    "a file outside": ("ova-file-missing", lambda d: ova({"a.vmdk": d}, descriptor=ovf(["http://host/b.vmdk"]))),
    "a disk over another": (
        "ova-delta",
        lambda d: ova({"a.vmdk": d}, descriptor=ovf(["a.vmdk"]).replace(b"<Disk ovf:capacity", DELTA.encode())),
    ),
    "a compressed file": ("ova-compressed", lambda d: ova({"a.vmdk": gzip.compress(d)}, descriptor=ovf(["a.vmdk"], more_of_file=' ovf:compression="gzip"'))),
    "a file in pieces": ("ova-compressed", lambda d: ova({"a.vmdk": d}, descriptor=ovf(["a.vmdk"], more_of_file=' ovf:chunkSize="9"'))),
    "a gzip where a disk is said to be": ("not-an-image", lambda d: ova({"a.vmdk": gzip.compress(d)})),
    "an archive in itself": ("not-an-image", lambda d: ova({"a.vmdk": ova({"a.vmdk": d})})),
    "another description than the manifest's": ("ova-checksum", lambda d: ova({"a.vmdk": d}).replace(b"web server", b"xyz server")),
    "a manifest that cannot be read": ("ova-manifest", lambda d: tar({"machine.ovf": ovf(["a.vmdk"]), "machine.mf": b"MD5(a.vmdk)= 00\n", "a.vmdk": d})),
    "a manifest of other files": ("ova-manifest", lambda d: ova({"a.vmdk": d}).replace(b"SHA256(a.vmdk)", b"SHA256(b.vmdk)")),
    "a disk over others": ("vmdk-flat", lambda d: ova({"a.vmdk": b'# Disk DescriptorFile\nversion=1\nparentCID=ffffffff\ncreateType="monolithicFlat"\nRW 1 FLAT "/etc/passwd" 0\n'})),
}  # fmt: skip
