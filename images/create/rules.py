"""May an image be imported, from this file, with these attributes? (ims-facts §2.4, §2.6, §2.10)"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from django.utils.translation import gettext_lazy as _

from images.fields.rules import (
    boot_mode_fits,
    can_encrypt,
    can_import,
    disk_gb_fits,
    fits_range,
    least_gb,
    memory_fits,
    os_is_given,
    use_fits,
)
from images.models import Image, OsVersion, Upload
from images.uploads.found import detected_os, found_of
from images.uploads.rules import is_idle
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.hosts import capabilities_of
from imsconsole.cloud.models import Key
from imsconsole.cloud.tags.rules import tags_fit
from imsconsole.core.now import now
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.core.sentences import refuse_as

Type = Image.Type
MOST_DATA_DISKS = 3


@dataclass(frozen=True)
class DataDisk:
    """One of them: its own file becomes an image of its own."""

    upload: Upload
    name: str
    min_disk_gb: int


@dataclass(frozen=True)
class Import:
    """An order: an image of a complete upload, and one of each data disk along with it.

    `encrypt` without a `key` takes the project's default key.
    """

    upload: Upload
    name: str
    type: str
    min_disk_gb: int
    os_version: OsVersion | None = None
    architecture: str = "x86"
    boot_mode: str = "bios"
    min_ram_mb: int = 0
    max_ram_mb: int | None = None
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    data_disks: Sequence[DataDisk] = ()
    encrypt: bool = False
    key: Key | None = None
    use: str = Image.Use.ECS

    @cached_property
    def detected(self) -> OsVersion | None:
        """The system that was found in the file."""
        return detected_os(self.upload) if self.type == Type.SYSTEM else None

    @property
    def system(self) -> OsVersion | None:
        """What was found counts, whatever is chosen (R63)."""
        return self.detected or self.os_version


def can_order_import(order: Import, actor: Actor) -> Verdict:
    """The whole order: the files, the system, what must fit together, the key. Hard only with the uploads' rows locked."""
    return (
        can_import_file(order.upload, order.type, actor)
        and data_disks_fit(order.type, order.upload, order.data_disks)
        and fast_fits(order.upload, order.type, order.system)
        and disk_fits(order.type, order.min_disk_gb, order.upload)
        and boot_mode_fits(order.architecture, order.boot_mode)
        and os_is_given(order.type, order.system)
        and memory_fits(order.min_ram_mb, order.max_ram_mb)
        and tags_fit(order.tags)
        and use_fits(order.type, order.use, order.system)
        and (can_encrypt(order.type, order.key, actor, use=order.use) if order.encrypt else ALLOWED)
    )


def can_import_file(upload: Upload, image_type: str, actor: Actor) -> Verdict:
    """Whether an image of this type can be made of the upload."""
    return (
        can_import(actor)
        and is_there(upload)
        and is_idle(upload)
        and can_store(upload.found["format"], actor)
        and fits_type(upload, image_type)
    )


def can_store(format: str, actor: Actor) -> Verdict:
    """Whether the engine of the region stores a file that is found to be this."""
    if format in capabilities_of(actor.region).formats:
        return ALLOWED
    return refuse(
        "format-not-stored",
        _(
            "Files of the format %(format)s cannot be stored in this region. Convert them to another one first."
        ),
        format=format,
    )


def is_there(upload: Upload) -> Verdict:
    if upload.state == Upload.State.COMPLETE and upload.expires_at > now():
        return ALLOWED
    return refuse_as("upload-gone", name=upload.name)


def fits_type(upload: Upload, image_type: str) -> Verdict:
    """ISO images are made of ISO files and nothing else is (§2.10)."""
    is_iso = upload.found["format"] == "iso"
    if is_iso and image_type != Type.ISO:
        return refuse(
            "file-is-iso",
            _("The file is an ISO (installation medium). Choose the image type “ISO image” for it."),
        )
    if not is_iso and image_type == Type.ISO:
        return refuse(
            "file-is-not-iso",
            _(
                "The file is a disk (%(format)s), not an ISO. Choose system disk image or data disk image for it."
            ),
            format=upload.found["format"],
        )
    return ALLOWED if is_iso else fits_range(image_type, least_disk_gb(image_type, upload))


def least_disk_gb(image_type: str, upload: Upload) -> int:
    """The virtual size in whole GB, rounded up (R62); an ISO asks for none."""
    return least_gb(image_type, found_of(upload).virtual_size_bytes)


def disk_fits(image_type: str, disk_gb: int, upload: Upload) -> Verdict:
    """R62, C4, C5."""
    return disk_gb_fits(image_type, disk_gb, least_disk_gb(image_type, upload))


def fast_fits(upload: Upload, image_type: str, os_version: OsVersion | None) -> Verdict:
    """R61: what is imported fast is not looked into, so its system has to be stated."""
    if not upload.is_fast or image_type != Type.SYSTEM or os_version is not None:
        return ALLOWED
    return refuse(
        "fast-needs-os",
        _("Fast import does not look for the system in the disk. Choose the OS version that is in it."),
    )


def data_disks_fit(image_type: str, upload: Upload, data_disks: Sequence[DataDisk]) -> Verdict:
    """At most three, along with a system disk, each with a file and a name of its own."""
    if not data_disks:
        return ALLOWED
    if image_type != Image.Type.SYSTEM or len(data_disks) > MOST_DATA_DISKS:
        return refuse(
            "too-many-data-disks",
            _(
                "Only along with a system disk image, and at most %(most)s data disks can be imported at once."
            ),
            most=MOST_DATA_DISKS,
        )
    files = {upload.pk, *(each.upload.pk for each in data_disks)}
    if len(files) <= len(data_disks):
        return refuse(
            "data-disk-file-twice", _("Every disk needs a file of its own; the same one is chosen twice.")
        )
    return ALLOWED
