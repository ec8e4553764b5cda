"""The list of images as CSV: the columns of ims-facts §2.24 first, then what else is known (R27).

Plain functions and values instead of a table and models, so that a hundred thousand rows are written
in seconds.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _

from images.models import Image, ImageDisk, ImageQuerySet, ImageTag
from imsconsole.core.csv import READ_AT_ONCE, Columns

FIELDS = (
    "name", "id", "status", "os_version__name", "type", "created_at", "min_disk_gb", "min_ram_mb", "max_ram_mb",
    "stored_bytes", "key_id", "key__name", "architecture", "boot_mode", "nic_multi_queue", "cloud_init", "use", "protected",
    "source_kind", "source_name", "description", "servers_count", "region_id", "updated_at", "trashed_at", "kept_until",
    "verified_at",
)  # fmt: skip
CSV_FACTS = ("servers_count", "stored_bytes", "verified_at")  # of FIELDS
Row = dict[str, Any]  # FIELDS, and the texts of `_with_texts`
Cell = Callable[[Row], Any]
PUBLIC = ["name", "status", "os", "type", "created", "system disk", "min memory", "id", "size"]
PRIVATE = [
    "name", "id", "status", "os", "type", "created", "capacity", "shared disks", "size", "encryption", "min memory",
]  # fmt: skip
FURTHER = [
    "max memory", "architecture", "boot mode", "multi-queue", "cloud-init", "function", "protected", "source",
    "source name", "description", "tags", "checksum", "servers", "region", "updated", "key name", "key id",
    "verified",
]  # fmt: skip
TRASH = ["trashed", "kept"]


def _choice(name: str) -> Cell:
    """The label of a field with choices, translated once for the whole file."""
    field = Image._meta.get_field(name)
    labels = {value: str(label) for value, label in field.flatchoices}  # type: ignore[union-attr]
    return lambda row: labels[row.get(name, False)]


def _flag(name: str) -> Cell:
    labels = {True: _("Yes"), False: _("No"), None: _("Unknown")}
    return lambda row: labels[row.get(name, False)]


def _encryption() -> Cell:
    """Of a full-ECS image of all its disks, or of some."""
    all_, some, none = _("Yes"), _("Partly"), _("No")
    return lambda row: all_ if all(row["key_ids"]) else some if any(row["key_ids"]) else none


def _of_disks(texts: list[Any]) -> str:
    """What there is to say of each disk, in their order; nothing when there is nothing of any."""
    return "; ".join(str(text or "–") for text in texts) if any(texts) else ""


def _time(name: str) -> Cell:
    """In the reader's time zone, with its offset."""
    zone = get_current_timezone()
    return lambda row: row[name].astimezone(zone).isoformat(timespec="seconds") if row[name] else ""


def _cells() -> dict[str, tuple[str, Cell]]:
    """Heading and content of every column, in the reader's language.

    Bytes are bytes, memory is MB: a spreadsheet calculates with them.
    """
    return {
        "name": (_("Image name"), itemgetter("name")),
        "id": (_("Image ID"), lambda row: str(row["id"])),
        "status": (_("Status"), _choice("status")),
        "os": (_("OS"), lambda row: row["os_version__name"] or ""),
        "type": (_("Image type"), _choice("type")),
        "created": (_("Created at"), _time("created_at")),
        "system disk": (_("System disk (GB)"), itemgetter("min_disk_gb")),
        "capacity": (_("Disk capacity (GB)"), itemgetter("min_disk_gb")),
        "min memory": (_("Minimum memory (MB)"), itemgetter("min_ram_mb")),
        "max memory": (_("Maximum memory (MB)"), itemgetter("max_ram_mb")),
        "shared disks": (_("Shared disks"), _flag("has_shared_disks")),
        "size": (_("Image size (bytes)"), itemgetter("stored_bytes")),
        "encryption": (_("Encryption"), _encryption()),
        "key name": (_("Key name"), lambda row: _of_disks(row["key_names"])),
        "key id": (_("Key ID"), lambda row: _of_disks(row["key_ids"])),
        "architecture": (_("Architecture"), _choice("architecture")),
        "boot mode": (_("Boot mode"), _choice("boot_mode")),
        "multi-queue": (_("NIC multi-queue"), _flag("nic_multi_queue")),
        "cloud-init": (_("Cloud-Init injection"), _flag("cloud_init")),
        "function": (_("Function"), _choice("use")),
        "protected": (_("Protected"), _flag("protected")),
        "source": (_("Source"), _choice("source_kind")),
        "source name": (_("Source name"), itemgetter("source_name")),
        "description": (_("Description"), itemgetter("description")),
        "tags": (_("Tags"), itemgetter("tags")),
        "checksum": (_("SHA-256 of the stored file"), itemgetter("checksums")),
        "servers": (_("Servers"), itemgetter("servers_count")),
        "region": (_("Region"), itemgetter("region_id")),
        "updated": (_("Updated at"), _time("updated_at")),
        "verified": (_("Verified at"), _time("verified_at")),
        "trashed": (_("Deleted at"), _time("trashed_at")),
        "kept": (_("Kept until"), _time("kept_until")),
    }


def columns_of(tab: str) -> Columns:
    """The columns of a tab's file, for the reader who asks now."""
    first = PUBLIC if tab in ("public", "market") else PRIVATE
    names = [*first, *FURTHER, *(TRASH if tab == "trash" else [])]
    known = _cells()
    return [known[name] for name in names]


def rows_of(images: ImageQuerySet) -> Iterator[Row]:
    """What `columns_of` read of images with `CSV_FACTS`; only a few thousand are in memory at once."""
    rows = images.values(*FIELDS).iterator(chunk_size=READ_AT_ONCE)
    while batch := list(islice(rows, READ_AT_ONCE)):
        yield from _with_texts(batch)


def _with_texts(rows: list[Row]) -> list[Row]:
    """The rows with their tags, and the checksums and keys of their disks: two queries for all of them."""
    ids = [row["id"] for row in rows]
    tags = ImageTag.objects.filter(image__in=ids).order_by("key").values_list("image_id", "key", "value")
    disks = ImageDisk.objects.filter(image__in=ids).order_by("index")
    stored = list(disks.values_list("image_id", "index", "sha256", "key_id", "key__name"))
    tag_texts = _grouped((image, f"{key}={value}") for image, key, value in tags)
    checksums = _grouped((image, sha256) for image, _index, sha256, _key, _name in stored)
    key_ids = _grouped((image, key) for image, index, _sha256, key, _name in stored if index)
    key_names = _grouped((image, name) for image, index, _sha256, _key, name in stored if index)
    for row in rows:
        row["tags"], row["checksums"] = "; ".join(tag_texts[row["id"]]), "; ".join(checksums[row["id"]])
        # the first disk has its image's
        row["key_ids"] = [row["key_id"], *key_ids[row["id"]]]
        row["key_names"] = [row["key__name"], *key_names[row["id"]]]
    return rows


def _grouped(pairs: Iterable[tuple[UUID, Any]]) -> dict[UUID, list[Any]]:
    """What belongs to each image."""
    found = defaultdict(list)
    for image, each in pairs:
        found[image].append(each)
    return found
