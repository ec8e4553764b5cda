"""The list of images as CSV: the columns of ims-facts §2.24 first, then what else is known (R27).

Plain functions and values instead of a table and models, and one query for nearly all, so that a hundred thousand
rows are written in seconds.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any

from django.db.models import Aggregate, FilteredRelation, OuterRef, Q, Subquery, TextField, Value
from django.db.models.functions import Concat
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _

from images.models import Image, ImageDisk, ImageQuerySet, ImageTag
from imsconsole.core.csv import READ_AT_ONCE, Columns

FIELDS = (
    "name", "id", "status", "os_version__name", "type", "created_at", "min_disk_gb", "min_ram_mb", "max_ram_mb",
    "key_id", "key__name", "architecture", "boot_mode", "nic_multi_queue", "cloud_init", "use", "protected",
    "source_kind", "source_name", "description", "servers_count", "region_id", "updated_at", "trashed_at", "kept_until",
)  # fmt: skip
CSV_FACTS = ("servers_count",)  # of FIELDS
DISK = ("size_bytes", "verified_at", "sha256", "key_id", "key__name")
# of the first disk, which has its image's key; only full-ECS images have others
FIRST = ("first__size_bytes", "first__verified_at", "first__sha256", "key_id", "key__name")
BETWEEN_TAGS, IN_TAG = "\x1f", "\x1e"  # which no tag has
Row = dict[str, Any]  # FIELDS, FIRST, and what `_with_disks` puts to them
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


def _of_disks(texts: Sequence[Any]) -> str:
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
        "tags": (_("Tags"), _tags),
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
    first = FilteredRelation("disks", condition=Q(disks__index=0))
    values = images.annotate(first=first, tag_texts=_tag_texts()).values(*FIELDS, *FIRST, "tag_texts")
    rows = values.iterator(chunk_size=READ_AT_ONCE)
    while batch := list(islice(rows, READ_AT_ONCE)):
        yield from _with_disks(batch)


class _Joined(Aggregate):
    """The texts of many rows as one, in no order."""

    function = "STRING_AGG"
    template = f"%(function)s(%(expressions)s, '{BETWEEN_TAGS}')"
    output_field = TextField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, function="GROUP_CONCAT", **extra)


def _tag_texts() -> Subquery:
    """All tags of an image: a query for each batch of images would cost more."""
    tags = ImageTag.objects.filter(image=OuterRef("pk")).order_by().values("image")
    return Subquery(tags.values(texts=_Joined(Concat("key", Value(IN_TAG), "value"))))


def _tags(row: Row) -> str:
    """In the order of their keys."""
    if not row["tag_texts"]:
        return ""
    return "; ".join(sorted(row["tag_texts"].split(BETWEEN_TAGS))).replace(IN_TAG, "=")


def _with_disks(rows: list[Row]) -> list[Row]:
    """The rows with what is said of all their disks: a query for the full-ECS images among them."""
    further = defaultdict(list)
    full = [row["id"] for row in rows if row["type"] == Image.Type.FULL]
    disks = ImageDisk.objects.filter(image__in=full, index__gt=0).order_by("index")
    for image, *disk in disks.values_list("image_id", *DISK):
        further[image].append(disk)
    for row in rows:
        sizes, verified, sums, row["key_ids"], row["key_names"] = zip(
            [row[name] for name in FIRST], *further.get(row["id"], ()), strict=True
        )
        row["stored_bytes"] = None if sizes[0] is None else sum(sizes)
        row["verified_at"] = min(filter(None, verified), default=None)
        row["checksums"] = "; ".join(text or "" for text in sums)
    return rows
