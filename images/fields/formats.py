"""The formats of files that become images (§1.6): one list, for every way in.

Beyond the original service, whose console asks for the disks of an OVA one by one, an OVA is taken as it is.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class FileFormat:
    """`key` is the engine's word, `endings` those of file names."""

    key: str
    label: str
    endings: tuple[str, ...]


FILE_FORMATS = (
    FileFormat("raw", "raw", ("raw", "img", "bin", "dd")),
    FileFormat("qcow2", "QCOW2", ("qcow2",)),
    FileFormat("qcow", "QCOW1", ("qcow",)),
    FileFormat("vmdk", "VMDK", ("vmdk",)),
    FileFormat("vhd", "VHD", ("vhd",)),
    FileFormat("vhdx", "VHDX", ("vhdx",)),
    FileFormat("vdi", "VDI", ("vdi",)),
    FileFormat("iso", "ISO", ("iso",)),
    FileFormat("ova", "OVA", ("ova",)),
)
ENDINGS = tuple(ending for each in FILE_FORMATS for ending in each.endings)
