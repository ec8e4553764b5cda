"""The list of images as CSV: the columns of ims-facts §2.24 first, then what else is known (R27).

Values instead of a table and models, a column of many rows at a time, and one query for nearly all: a hundred
thousand rows are written in seconds.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice, repeat
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db.models import Aggregate, FilteredRelation, OuterRef, Q, Subquery, TextField, Value
from django.db.models.functions import Cast, Concat
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _

from images.models import Image, ImageDisk, ImageQuerySet, ImageTag
from imsconsole.core.checksums import digits_of
from imsconsole.core.csv import READ_AT_ONCE

FIELDS = (
    "name", "id", "status", "os_version__name", "type", "min_disk_gb", "min_ram_mb", "max_ram_mb",
    "key_id", "key__name", "architecture", "boot_mode", "nic_multi_queue", "cloud_init", "use", "protected",
    "source_kind", "source_name", "description", "servers_count", "region_id", "default_flavor_id", "secure_boot", "tpm",
)  # fmt: skip
CSV_FACTS = ("servers_count",)  # of FIELDS
# of the only disk, or the first; it has its image's key
DISK = ("first__size_bytes", "first__checksum")
TIMES = (
    "created_at",
    "updated_at",
    "trashed_at",
    "kept_until",
    "first__stored__verified_at",
)  # as the database writes them
BETWEEN_TAGS, IN_TAG = "\x1f", "\x1e"  # which no tag has
Row = dict[
    str, Any
]  # FIELDS, DISK, `tag_texts`, `has_user_data`, and TIMES as `<name>_text`; of a full-ECS image as `_of_all_disks` says
Cells = Callable[[list[Row]], Iterable[Any]]  # of a column
PUBLIC = ["name", "status", "os", "type", "created", "system disk", "min memory", "id", "size"]
PRIVATE = [
    "name", "id", "status", "os", "type", "created", "capacity", "shared disks", "size", "encryption", "min memory",
]  # fmt: skip
FURTHER = [
    "max memory", "architecture", "boot mode", "multi-queue", "cloud-init", "function", "protected", "source",
    "source name", "description", "tags", "sha256", "servers", "region", "updated", "key name", "key id",
    "verified", "sha512",
]  # fmt: skip
TRASH = ["trashed", "kept"]
LATER = ["default flavor", "default user data", "secure boot", "tpm"]


def _plain(name: str) -> Cells:
    return lambda rows: map(itemgetter(name), rows)


def _text(name: str) -> Cells:
    return lambda rows: [str(row[name] or "") for row in rows]


def _one_of(name: str, labels: Mapping[Any, str]) -> Cells:
    return lambda rows: [labels[row[name]] for row in rows]


def _choice(name: str) -> Cells:
    """The label of a field with choices, translated once for the whole file."""
    field = Image._meta.get_field(name)
    return _one_of(name, {value: str(label) for value, label in field.flatchoices})  # type: ignore[union-attr]


def _flag(name: str) -> Cells:
    return _one_of(name, {True: _("Yes"), False: _("No"), None: _("Unknown")})


def _encryption() -> Cells:
    """Of a full-ECS image of all its disks, or of some."""
    all_, some, none = _("Yes"), _("Partly"), _("No")
    return lambda rows: [
        none if not row["key_id"] else some if row.get("is_partly_encrypted") else all_ for row in rows
    ]


def _time(name: str) -> Cells:
    """In the reader's time zone, with its offset."""
    zone, text = get_current_timezone(), f"{name}_text"

    def said(at: str) -> str:
        moment = datetime.fromisoformat(at)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return aware.astimezone(zone).isoformat(timespec="seconds")

    return lambda rows: [said(row[text]) if row[text] else "" for row in rows]


def _checksum(algorithm: str) -> Cells:
    """The digits of each disk whose checksum is of this algorithm."""
    return lambda rows: [
        "; ".join(filter(None, (digits_of(each, algorithm) for each in row["first__checksum"].split("; "))))
        if row["first__checksum"]
        else ""
        for row in rows
    ]


def _tags(rows: list[Row]) -> Iterable[str]:
    """In the order of their keys."""
    for row in rows:
        texts = sorted(row["tag_texts"].split(BETWEEN_TAGS)) if row["tag_texts"] else ()
        yield "; ".join(texts).replace(IN_TAG, "=")


def _cells() -> dict[str, tuple[str, Cells]]:
    """Heading and content of every column, in the reader's language.

    Bytes are bytes, memory is MB: a spreadsheet calculates with them.
    """
    return {
        "name": (_("Image name"), _plain("name")),
        "id": (_("Image ID"), _text("id")),
        "status": (_("Status"), _choice("status")),
        "os": (_("OS"), _text("os_version__name")),
        "type": (_("Image type"), _choice("type")),
        "created": (_("Created at"), _time("created_at")),
        "system disk": (_("System disk (GB)"), _plain("min_disk_gb")),
        "capacity": (_("Disk capacity (GB)"), _plain("min_disk_gb")),
        "min memory": (_("Minimum memory (MB)"), _plain("min_ram_mb")),
        "max memory": (_("Maximum memory (MB)"), _plain("max_ram_mb")),
        "shared disks": (_("Shared disks"), lambda rows: repeat(_("No"), len(rows))),
        "size": (_("Image size (bytes)"), _plain("first__size_bytes")),
        "encryption": (_("Encryption"), _encryption()),
        "key name": (_("Key name"), _text("key__name")),
        "key id": (_("Key ID"), _text("key_id")),
        "architecture": (_("Architecture"), _choice("architecture")),
        "boot mode": (_("Boot mode"), _choice("boot_mode")),
        "multi-queue": (_("NIC multi-queue"), _flag("nic_multi_queue")),
        "secure boot": (_("Secure Boot"), _flag("secure_boot")),
        "tpm": (_("TPM"), _flag("tpm")),
        "cloud-init": (_("Cloud-Init injection"), _flag("cloud_init")),
        "function": (_("Function"), _choice("use")),
        "protected": (_("Protected"), _flag("protected")),
        "source": (_("Source"), _choice("source_kind")),
        "source name": (_("Source name"), _plain("source_name")),
        "description": (_("Description"), _plain("description")),
        "tags": (_("Tags"), _tags),
        "sha256": (_("SHA-256 of the stored file"), _checksum("sha256")),
        "servers": (_("Servers"), _plain("servers_count")),
        "region": (_("Region"), _plain("region_id")),
        "updated": (_("Updated at"), _time("updated_at")),
        "sha512": (_("SHA-512 of the stored file"), _checksum("sha512")),
        "verified": (_("Verified at"), _time("first__stored__verified_at")),
        "trashed": (_("Deleted at"), _time("trashed_at")),
        "kept": (_("Kept until"), _time("kept_until")),
        "default flavor": (_("Default flavor"), _text("default_flavor_id")),
        "default user data": (_("Default user data"), _flag("has_user_data")),
    }


def columns_of(tab: str) -> list[tuple[str, Cells]]:
    """The columns of a tab's file, for the reader who asks now."""
    first = PUBLIC if tab in ("public", "market") else PRIVATE
    names = [*first, *FURTHER, *(TRASH if tab == "trash" else []), *LATER]
    known = _cells()
    return [known[name] for name in names]


def lines_of(images: ImageQuerySet, columns: Iterable[tuple[str, Cells]]) -> Iterator[tuple[Any, ...]]:
    """The cells of images with `CSV_FACTS`; only a few thousand are in memory at once."""
    first = FilteredRelation("disks", condition=Q(disks__index=0))
    images = images.annotate(first=first, tag_texts=_tag_texts(), has_user_data=~Q(default_user_data=""))
    texts = {f"{name}_text": Cast(name, TextField()) for name in TIMES}
    rows = images.values(*FIELDS, *DISK, "tag_texts", "has_user_data", **texts).iterator(
        chunk_size=READ_AT_ONCE
    )
    while batch := list(islice(rows, READ_AT_ONCE)):
        _of_all_disks({row["id"]: row for row in batch if row["type"] == Image.Type.FULL})
        yield from zip(*(cells(batch) for _title, cells in columns), strict=True)


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


def _of_all_disks(rows: Mapping[UUID, Row]) -> None:
    """Put into the rows of full-ECS images, by their IDs, what there is to say of all their disks."""
    of_disks = defaultdict(list)
    disks = ImageDisk.objects.filter(image__in=rows).order_by("index") if rows else ImageDisk.objects.none()
    for image, *disk in disks.values_list(
        "image_id", "size_bytes", "stored__verified_at", "checksum", "key_id", "key__name"
    ):
        of_disks[image].append(disk)
    for image, found in of_disks.items():
        row = rows[image]
        sizes, verified, sums, keys, names = zip(*found, strict=True)
        keys, names = (row["key_id"], *keys[1:]), (row["key__name"], *names[1:])
        row |= {
            "first__size_bytes": sum(sizes),
            "first__stored__verified_at_text": str(min(filter(None, verified), default="")),
            "first__checksum": "; ".join(sums),
            "is_partly_encrypted": any(keys) and not all(keys),
            "key_id": _each(keys),
            "key__name": _each(names),
        }


def _each(texts: Sequence[Any]) -> str:
    """What there is to say of each disk, in their order; nothing when there is nothing of any."""
    return "; ".join(str(text or "–") for text in texts) if any(texts) else ""
