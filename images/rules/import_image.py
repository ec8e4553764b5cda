"""May an image be imported, from this file, with these attributes? (ims-facts §2.4, §2.6, §2.10)"""

from collections.abc import Collection

from django.conf import settings
from django.utils.translation import gettext as _

from images.models import Image, OsVersion, Upload
from images.uploads.found import found_of
from images.uploads.rules import is_idle, iso_name
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.models import Architecture, BootMode
from imsconsole.core.now import now
from imsconsole.core.rules import ALLOWED, Verdict, first_refusal, refuse
from imsconsole.core.sentences import refuse_as
from imsconsole.engine.types import GIB
from imsconsole.jobs.quotas import fits_quota

Type = Image.Type
TYPES = (Type.SYSTEM, Type.DATA, Type.ISO)  # a full-ECS image is not made of one file


def can_import(actor: Actor) -> Verdict:
    """Who, then the quota of images (IMG.0015)."""
    return may_write(actor) and fits_quota(actor.project, {"images": 1})


def can_import_file(upload: Upload, image_type: str, actor: Actor) -> Verdict:
    """Whether an image of this type can be made of the upload."""
    if not (verdict := can_import(actor)):
        return verdict
    if not (verdict := is_there(upload)) or not (verdict := is_idle(upload)):
        return verdict
    return fits_type(upload, image_type)


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


def disk_range_gb(image_type: str) -> tuple[int, int]:
    """What the disk made of an image may have (C4, C5)."""
    allowed = settings.IMS_DATA_DISK_GB if image_type == Type.DATA else settings.IMS_SYSTEM_DISK_GB
    return (allowed[0], allowed[1])


def least_disk_gb(image_type: str, upload: Upload) -> int:
    """The virtual size in whole GB, rounded up (R62); an ISO asks for none."""
    return least_gb(image_type, found_of(upload).virtual_size_bytes)


def least_gb(image_type: str, virtual_size_bytes: int) -> int:
    """The smallest disk of this type that holds so many bytes; an ISO is not copied to it."""
    needed = 0 if image_type == Type.ISO else -(-virtual_size_bytes // GIB)
    return max(disk_range_gb(image_type)[0], needed)


def fits_range(image_type: str, disk_gb: int) -> Verdict:
    least, most = disk_range_gb(image_type)
    if least <= disk_gb <= most:
        return ALLOWED
    return refuse(
        "disk-out-of-range",
        _("A disk of this type has %(least)s to %(most)s GB, not %(given)s GB.")
        % {"least": least, "most": most, "given": disk_gb},
    )


def disk_fits(image_type: str, disk_gb: int, upload: Upload) -> Verdict:
    """R62, C4, C5."""
    return disk_holds(image_type, disk_gb, least_disk_gb(image_type, upload))


def disk_holds(image_type: str, disk_gb: int, needed: int) -> Verdict:
    """At least what the image has, and within the limits of such disks."""
    if disk_gb < needed:
        return refuse(
            "disk-too-small-for-file",
            _("The disk in the file has %(needed)s GB; the disk capacity must be at least that.")
            % {"needed": needed},
        )
    return fits_range(image_type, disk_gb)


def boot_mode_fits(architecture: str, boot_mode: str) -> Verdict:
    """R64."""
    if architecture != Architecture.ARM or boot_mode == BootMode.UEFI:
        return ALLOWED
    return refuse(
        "arm-boots-uefi", _("Arm servers boot with UEFI only. Choose UEFI, or x86 as the architecture.")
    )


def os_is_given(image_type: str, os_version: OsVersion | None) -> Verdict:
    """R65."""
    if image_type != Type.ISO or os_version is not None:
        return ALLOWED
    return refuse("iso-needs-os", _("An ISO image needs its OS version: choose what it installs."))


def fast_fits(upload: Upload, image_type: str, os_version: OsVersion | None) -> Verdict:
    """R61: what is imported fast is not looked into, so its system has to be stated."""
    if not upload.is_fast or image_type != Type.SYSTEM or os_version is not None:
        return ALLOWED
    return refuse(
        "fast-needs-os",
        _("Fast import does not look for the system in the disk. Choose the OS version that is in it."),
    )


def use_fits(image_type: str, use: str, os_version: OsVersion | None) -> Verdict:
    """Only system disk images start bare metal servers, and only systems that run there (§1.5, R108)."""
    if use != Image.Use.BMS:
        return ALLOWED
    if image_type != Type.SYSTEM:
        return refuse("bms-system-only", _("Only system disk images can be for bare metal servers."))
    if os_version is not None and not os_version.for_bms:
        return refuse(
            "os-not-for-bms",
            _(
                "%(os)s is not supported on bare metal servers. Choose another OS version, or ECS as the function."
            )
            % {"os": os_version},
        )
    return ALLOWED


def memory_fits(min_ram_mb: int, max_ram_mb: int | None) -> Verdict:
    if max_ram_mb is None or max_ram_mb >= min_ram_mb:
        return ALLOWED
    return refuse("memory-range", _("The maximum memory is below the minimum. Raise it, or leave it empty."))


def tags_fit(tags: dict[str, str]) -> Verdict:
    """R97."""
    if len(tags) <= settings.IMS_TAGS_PER_IMAGE:
        return ALLOWED
    return refuse(
        "too-many-tags",
        _("An image can have at most %(most)s tags.") % {"most": settings.IMS_TAGS_PER_IMAGE},
    )


def name_is_free(name: str, actor: Actor, taken: Collection[str] | None = None) -> Verdict:
    """R39: unique in the project; `taken` are the names there, when they are known already."""
    if taken is None:
        taken = Image.objects.owned_by(actor).filter(name=name).values_list("name", flat=True)
    if name not in taken:
        return ALLOWED
    return refuse(
        "image-name-taken",
        _("The project has an image named “%(name)s” already. Choose another name.") % {"name": name},
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
    return first_refusal(
        disk_fits(image_type, disk_gb, upload),
        boot_mode_fits(architecture, boot_mode),
        os_is_given(image_type, os_version),
        memory_fits(min_ram_mb, max_ram_mb),
        tags_fit(tags),
    )
