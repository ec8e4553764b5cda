"""The list of images as CSV: the columns of ims-facts §2.24 first, then what else is known (R27).

Plain functions instead of a table, so that a hundred thousand rows are written in seconds.
"""

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _

from images.models import Image, ImageQuerySet

READ_AT_ONCE = 2000
Cell = Callable[[Image], Any]


def _choice(name: str) -> Cell:
    """The label of a field with choices, translated once for the whole file."""
    field = Image._meta.get_field(name)
    labels = {value: str(label) for value, label in field.flatchoices}  # type: ignore[union-attr]
    return lambda image: labels[getattr(image, name)]


def _flag(name: str) -> Cell:
    labels = {True: _("Yes"), False: _("No")}
    return lambda image: labels[getattr(image, name, False)]


def _time(name: str) -> Cell:
    """In the reader's time zone, with its offset."""
    zone = get_current_timezone()
    return lambda image: getattr(image, name).astimezone(zone).isoformat(timespec="seconds")


def _cells() -> dict[str, tuple[str, Cell]]:
    """Heading and content of every column, in the reader's language.

    Bytes are bytes, memory is MB: a spreadsheet calculates with them.
    """
    return {
        "name": (_("Image name"), attrgetter("name")),
        "id": (_("Image ID"), lambda image: str(image.pk)),
        "status": (_("Status"), _choice("status")),
        "os": (_("OS"), lambda image: image.os_version.name if image.os_version else ""),
        "type": (_("Image type"), _choice("type")),
        "created": (_("Created at"), _time("created_at")),
        "system disk": (_("System disk (GB)"), attrgetter("min_disk_gb")),
        "capacity": (_("Disk capacity (GB)"), attrgetter("min_disk_gb")),
        "min memory": (_("Minimum memory (MB)"), attrgetter("min_ram_mb")),
        "max memory": (_("Maximum memory (MB)"), attrgetter("max_ram_mb")),
        "shared disks": (_("Shared disks"), _flag("has_shared_disks")),
        "size": (_("Image size (bytes)"), attrgetter("stored_bytes")),
        "encryption": (_("Encryption"), _flag("is_encrypted")),
        "architecture": (_("Architecture"), _choice("architecture")),
        "boot mode": (_("Boot mode"), _choice("boot_mode")),
        "multi-queue": (_("NIC multi-queue"), _flag("nic_multi_queue")),
        "cloud-init": (_("Cloud-Init injection"), _flag("cloud_init")),
        "function": (_("Function"), _choice("use")),
        "protected": (_("Protected"), _flag("protected")),
        "source": (_("Source"), _choice("source_kind")),
        "source name": (_("Source name"), attrgetter("source_name")),
        "description": (_("Description"), attrgetter("description")),
        "tags": (_("Tags"), lambda image: "; ".join(map(str, image.tags.all()))),
        "checksum": (_("SHA-256 of the stored file"), _checksums),
        "servers": (_("Servers"), attrgetter("servers_count")),
        "region": (_("Region"), attrgetter("region_id")),
        "updated": (_("Updated at"), _time("updated_at")),
    }


def _checksums(image: Image) -> str:
    return "; ".join(disk.sha256 for disk in image.disks.all())


PUBLIC = ["name", "status", "os", "type", "created", "system disk", "min memory", "id", "size"]
PRIVATE = [
    "name", "id", "status", "os", "type", "created", "capacity", "shared disks", "size", "encryption", "min memory",
]  # fmt: skip
FURTHER = [
    "max memory", "architecture", "boot mode", "multi-queue", "cloud-init", "function", "protected", "source",
    "source name", "description", "tags", "checksum", "servers", "region", "updated",
]  # fmt: skip


def columns_of(tab: str) -> tuple[list[str], list[Cell]]:
    """The headings and the cells of a tab's file, for the reader who asks now."""
    first = PUBLIC if tab in ("public", "market") else PRIVATE
    known = _cells()
    return [known[name][0] for name in first + FURTHER], [known[name][1] for name in first + FURTHER]


def rows_of(images: ImageQuerySet, cells: list[Cell]) -> Iterator[list[Any]]:
    """A row per image of `for_tab`; only a few thousand are in memory at once."""
    images = images.select_related("os_version").prefetch_related("tags", "disks")
    for image in images.iterator(chunk_size=READ_AT_ONCE):
        yield [cell(image) for cell in cells]
