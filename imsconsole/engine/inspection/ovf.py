"""OVF: the description of a virtual machine in an OVA (DMTF DSP0243, versions 1 and 2), as VMware, VirtualBox and oVirt write it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from imsconsole.core.errors import BadImage
from imsconsole.engine.inspection.naming import system_named
from imsconsole.engine.types import MIB, Machine

CPUS, MEMORY, DISK = "3", "4", "17"  # types of resources, of CIM
MOST_DISKS = 16
UNIT = re.compile(r"byte ?\* ?2 ?\^ ?(\d{1,2})")
UNITS = {"": MIB, "megabytes": MIB, "mb": MIB, "gigabytes": 1024 * MIB, "gb": 1024 * MIB, "byte": 1}


class _Plain(TreeBuilder):
    """No document type: without one there are neither entities, which can grow without end, nor other files."""

    def doctype(self, name: str, _public: str | None, _system: str | None) -> None:
        raise BadImage("ovf-unreadable", detail=f"<!DOCTYPE {name[:40]}>")


@dataclass(frozen=True)
class Description:
    """A machine, and the names of the files of its disks in the order of its controllers."""

    machine: Machine
    files: tuple[str, ...]


def read_ovf(content: bytes) -> Description:
    """Raises BadImage."""
    parser = XMLParser(target=_Plain())  # noqa: S314
    try:
        parser.feed(content)
        envelope = parser.close()
    except (ParseError, ValueError, LookupError) as error:
        raise BadImage("ovf-unreadable", detail=str(error)[:100]) from error
    systems = _all(envelope, "VirtualSystem")
    if len(systems) != 1:
        raise BadImage("ova-machines", count=len(systems))
    files = tuple(_files_of_disks(envelope, systems[0]))
    if not files:
        raise BadImage("ova-no-disk")
    if len(files) > MOST_DISKS:
        raise BadImage("ova-disks", count=len(files), most=MOST_DISKS)
    return Description(_machine(systems[0]), files)


def _machine(system: Element) -> Machine:
    memory = _first(system, MEMORY)
    about = _child(system, "OperatingSystemSection")
    name = f"{_text(about, 'Description')} {_attribute(about, 'osType')} {_text(about, 'OSType')}".strip()
    found = system_named(name)
    return Machine(
        name=(_text(system, "Name") or _attribute(system, "id"))[:128],
        vcpus=min(_number(_text(_first(system, CPUS), "VirtualQuantity")), 4096),
        memory_mb=_memory_mb(memory),
        boot_mode=_boot_mode(system),
        os_id=found.id if found else "",
        os_version=found.version if found else "",
        os_name=_text(about, "Description")[:100] if found else "",
    )


def _memory_mb(item: Element | None) -> int:
    units = _text(item, "AllocationUnits").strip().lower()
    power = UNIT.fullmatch(units)
    unit = 1 << int(power[1]) if power else UNITS.get(units, 0)
    return min(_number(_text(item, "VirtualQuantity")) * unit // MIB, 4 * MIB)


def _boot_mode(system: Element) -> str:
    """As VMware says it, or VirtualBox; empty where nobody does."""
    said = [
        _attribute(each, "value") for each in _all(system, "Config") if _attribute(each, "key") == "firmware"
    ]
    said += [_attribute(each, "type") for each in _all(system, "Firmware")]
    word = next(iter(said), "").lower()
    return "uefi" if word.startswith("efi") else "bios" if word == "bios" else ""


def _files_of_disks(envelope: Element, system: Element) -> Iterator[str]:
    """A disk without a file is blank: it is nothing to import."""
    files = {_attribute(file, "id"): file for file in _all(envelope, "File")}
    disks = {
        _attribute(disk, "diskId"): disk for disk in _all(envelope, "Disk") if _attribute(disk, "diskId")
    }
    for name in dict.fromkeys([*_attached(system), *disks]):
        disk = disks.get(name)
        if disk is None or not (reference := _attribute(disk, "fileRef")):
            continue
        if _attribute(disk, "parentRef"):
            raise BadImage("ova-delta", file=reference[:100])
        file = files.get(reference)
        href = _attribute(file, "href") if file is not None else ""
        if file is None or not href:
            raise BadImage("ova-file-missing", file=(href or reference)[:100])
        if _attribute(file, "compression") not in ("", "identity") or _attribute(file, "chunkSize"):
            raise BadImage("ova-compressed", file=href[:100])
        yield href


def _attached(system: Element) -> list[str]:
    """IDs of disks, by controller and the place at it."""
    found = []
    for item in _items(system):
        if _text(item, "ResourceType") == DISK:
            place = _number(_text(item, "Parent")), _number(_text(item, "AddressOnParent"))
            found.append((place, _text(item, "HostResource").rpartition("/")[2]))
    return [name for _place, name in sorted(found, key=lambda each: each[0])]


def _items(system: Element) -> list[Element]:
    return [each for kind in ("Item", "StorageItem") for each in _all(system, kind)]


def _first(system: Element, type: str) -> Element | None:
    return next((item for item in _items(system) if _text(item, "ResourceType") == type), None)


# whatever the version, and with it the namespace
def _local(name: object) -> str:
    return str(name).rpartition("}")[2]


def _all(element: Element, name: str) -> list[Element]:
    return [each for each in element.iter() if _local(each.tag) == name]


def _child(element: Element | None, name: str) -> Element | None:
    return None if element is None else next((each for each in element if _local(each.tag) == name), None)


def _text(element: Element | None, name: str) -> str:
    child = _child(element, name)
    text = "" if child is None else (child.text or "").strip()
    return text if text.isprintable() else ""


def _attribute(element: Element | None, name: str) -> str:
    if element is None:
        return ""
    value = next((value for key, value in element.items() if _local(key) == name), "")
    return value if value.isprintable() else ""


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,12}", text) else 0
