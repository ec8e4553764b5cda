"""May an image be imported, from this file, with these attributes? (ims-facts §2.4, §2.6, §2.10)"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from images.fields.rules import (
    boot_mode_fits,
    can_import,
    disk_gb_fits,
    fits_range,
    least_gb,
    memory_fits,
    os_is_given,
    tags_fit,
)
from images.models import Image, OsVersion, Upload
from images.uploads.found import found_of
from images.uploads.rules import is_idle, iso_name
from imsconsole.accounts.actor import Actor
from imsconsole.core.now import now
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.core.sentences import refuse_as

Type = Image.Type
MOST_DATA_DISKS = 3


def can_import_file(upload: Upload, image_type: str, actor: Actor) -> Verdict:
    """Whether an image of this type can be made of the upload."""
    return can_import(actor) and is_there(upload) and is_idle(upload) and fits_type(upload, image_type)


def is_there(upload: Upload) -> Verdict:
    if upload.state == Upload.State.COMPLETE and upload.expires_at > now():
        return ALLOWED
    return refuse_as("upload-gone", name=upload.name)


def fits_type(upload: Upload, image_type: str) -> Verdict:
    """ISO images are made of ISO files and nothing else is (§2.10); an ISO's file name follows R65."""
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
            )
            % {"format": upload.found["format"]},
        )
    return iso_name(upload.name) if is_iso else fits_range(image_type, least_disk_gb(image_type, upload))


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


def attributes_fit(
    *,
    image_type: str,
    disk_gb: int,
    upload: Upload,
    architecture: str,
    boot_mode: str,
    os_version: OsVersion | None,
    min_ram_mb: int,
    max_ram_mb: int | None,
    tags: dict[str, str],
) -> Verdict:
    """All that must fit together, whoever asks."""
    return (
        disk_fits(image_type, disk_gb, upload)
        and boot_mode_fits(architecture, boot_mode)
        and os_is_given(image_type, os_version)
        and memory_fits(min_ram_mb, max_ram_mb)
        and tags_fit(tags)
    )


@dataclass(frozen=True)
class DataDisk:
    """One of them: its own file becomes an image of its own."""

    upload: Upload
    name: str
    min_disk_gb: int


def data_disks_fit(image_type: str, upload: Upload, data_disks: Sequence[DataDisk]) -> Verdict:
    """At most three, along with a system disk, each with a file and a name of its own."""
    if not data_disks:
        return ALLOWED
    if image_type != Image.Type.SYSTEM or len(data_disks) > MOST_DATA_DISKS:
        return refuse(
            "too-many-data-disks",
            _("Only along with a system disk image, and at most %(most)s data disks can be imported at once.")
            % {"most": MOST_DATA_DISKS},
        )
    files = {upload.pk, *(each.upload.pk for each in data_disks)}
    if len(files) <= len(data_disks):
        return refuse(
            "data-disk-file-twice", _("Every disk needs a file of its own; the same one is chosen twice.")
        )
    return ALLOWED
