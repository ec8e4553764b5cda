"""OVAs as programs write them, made of disks: `tarfile`, an OVF, a manifest; and what can be wrong with them."""

import hashlib
import io
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

ENVELOPE = """<?xml version="1.0" encoding="UTF-8"?>
{doctype}<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
  xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
  xmlns:vmw="http://www.vmware.com/schema/ovf">
<References>{files}</References>
<DiskSection><Info>Disks</Info>{disks}</DiskSection>
{system}
</Envelope>"""
SYSTEM = """<VirtualSystem ovf:id="machine"><Info>A machine</Info><Name>{name}</Name>
<OperatingSystemSection ovf:id="94" vmw:osType="debian12_64Guest"><Info>OS</Info><Description>{os}</Description></OperatingSystemSection>
<VirtualHardwareSection><Info>Hardware</Info>
<Item><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>2</rasd:VirtualQuantity></Item>
<Item><rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits><rasd:InstanceID>2</rasd:InstanceID>
  <rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>{memory_mb}</rasd:VirtualQuantity></Item>
{items}<vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="{firmware}"/></VirtualHardwareSection></VirtualSystem>"""
ITEM = """<Item><rasd:AddressOnParent>{place}</rasd:AddressOnParent><rasd:HostResource>ovf:/disk/disk{number}</rasd:HostResource>
<rasd:InstanceID>{id}</rasd:InstanceID><rasd:Parent>3</rasd:Parent><rasd:ResourceType>17</rasd:ResourceType></Item>"""


def ovf(
    names: list[str],
    *,
    name: str = "web server",
    memory_mb: int = 1024,
    firmware: str = "bios",
    os: str = "Debian GNU/Linux 12 (64-bit)",
    more_of_file: str = "",
    doctype: str = "",
    machines: int = 1,
    reverse: bool = False,
) -> bytes:
    """An OVF of disks in these files; `reverse`: attached in the other order."""
    files = "".join(
        f'<File ovf:href="{each}" ovf:id="file{n}"{more_of_file}/>' for n, each in enumerate(names)
    )
    disks = "".join(
        f'<Disk ovf:capacity="1" ovf:capacityAllocationUnits="byte * 2^30" ovf:diskId="disk{n}" ovf:fileRef="file{n}"'
        ' ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>'
        for n, _each in enumerate(names)
    )
    places = range(len(names))[::-1] if reverse else range(len(names))
    items = "".join(
        ITEM.format(place=place, number=n, id=10 + n)
        for n, place in zip(range(len(names)), places, strict=True)
    )
    system = SYSTEM.format(name=name, os=os, memory_mb=memory_mb, items=items, firmware=firmware)
    return ENVELOPE.format(doctype=doctype, files=files, disks=disks, system=system * machines).encode()


def manifest(files: Mapping[str, bytes], algorithm: str = "sha256") -> bytes:
    return "".join(
        f"{algorithm.upper()}({name})= {hashlib.new(algorithm, content).hexdigest()}\n"
        for name, content in files.items()
    ).encode()


def tar(members: Mapping[str, bytes], *, format: int = tarfile.USTAR_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def ova(
    disks: Mapping[str, bytes],
    *,
    algorithm: str = "sha256",
    format: int = tarfile.USTAR_FORMAT,
    descriptor: bytes = b"",
) -> bytes:
    """An OVA of the contents of disks; without a manifest when `algorithm` is empty."""
    files = {"machine.ovf": descriptor or ovf(list(disks)), **disks}
    signed = {"machine.mf": manifest(files, algorithm)} if algorithm else {}
    return tar({"machine.ovf": files["machine.ovf"], **signed, **disks}, format=format)


def stream_vmdk(raw: Path) -> bytes:
    """A raw disk as OVAs have it."""
    made = raw.with_suffix(".stream.vmdk")
    options = ["-O", "vmdk", "-o", "subformat=streamOptimized"]
    subprocess.run(["qemu-img", "convert", "-f", "raw", *options, raw, made], check=True)
    return made.read_bytes()
