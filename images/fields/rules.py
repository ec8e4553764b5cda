"""Do the fields of an image fit, each and together? (ims-facts §2.4, §2.6)"""

from collections.abc import Collection

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from images.models import Image, OsVersion
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.hosts import is_able
from imsconsole.cloud.keys.material import is_master_at_hand
from imsconsole.cloud.keys.rules import can_use_key, is_encrypting
from imsconsole.cloud.models import Architecture, BootMode, Key
from imsconsole.core.edits import told_of
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.engine.types import GIB
from imsconsole.jobs.quotas import fits_quota

Type = Image.Type


def can_import(actor: Actor) -> Verdict:
    """Who, whether there is a place for its bytes at all, then the quota of images (IMG.0015)."""
    return may_write(actor) and is_able("formats", actor.region) and fits_quota(actor.project, {"images": 1})


def is_active(image: Image) -> Verdict:
    """In state Normal: what most is done to an image needs that, and says so in one sentence."""
    if image.status == Image.Status.ACTIVE:
        return ALLOWED
    return refuse(
        "not-active",
        _("Only images in state “Normal” can be used for this; this one is in state “%(status)s”."),
        status=told_of(image, "status"),
    )


def disk_range_gb(image_type: str) -> tuple[int, int]:
    """What the disk made of an image may have (C4, C5)."""
    allowed = settings.IMS_DATA_DISK_GB if image_type == Type.DATA else settings.IMS_SYSTEM_DISK_GB
    return (allowed[0], allowed[1])


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
        _("A disk of this type has %(least)s to %(most)s GB, not %(given)s GB."),
        least=least,
        most=most,
        given=disk_gb,
    )


def disk_gb_fits(image_type: str, disk_gb: int, needed: int) -> Verdict:
    """At least what the image has, and within the limits of such disks."""
    if disk_gb < needed:
        return refuse(
            "disk-too-small-for-file",
            _("The disk in the file has %(needed)s GB; the disk capacity must be at least that."),
            needed=needed,
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
            ),
            os=os_version,
        )
    return ALLOWED


def memory_fits(min_ram_mb: int, max_ram_mb: int | None) -> Verdict:
    if max_ram_mb is None or max_ram_mb >= min_ram_mb:
        return ALLOWED
    return refuse("memory-range", _("The maximum memory is below the minimum. Raise it, or leave it empty."))


def name_is_free(name: str, actor: Actor, taken: Collection[str] | None = None) -> Verdict:
    """R39: unique in the project; `taken` are the names there, when they are known already."""
    if taken is None:
        taken = Image.objects.owned_by(actor).filter(name=name).values_list("name", flat=True)
    if name not in taken:
        return ALLOWED
    return refuse(
        "image-name-taken",
        _("The project has an image named “%(name)s” already. Choose another name."),
        name=name,
    )


def can_encrypt(image_type: str, key: Key | None, actor: Actor, *, use: str = Image.Use.ECS) -> Verdict:
    """Neither ISO (R66) nor bare metal images (R33), where the region's host can, with a usable key (R90).

    `key` None is the project's default key, which may have to be made.
    """
    if image_type == Image.Type.ISO:
        return refuse("iso-not-encrypted", _("An ISO image cannot be encrypted. Leave “KMS encryption” out."))
    if use == Image.Use.BMS:
        return refuse(
            "bms-not-encrypted",
            _("Images for bare metal servers cannot be encrypted. Leave “KMS encryption” out."),
        )
    if not (verdict := is_encrypting(actor)):
        return verdict
    if key is None:
        return (
            ALLOWED if Key.objects.visible_to(actor).filter(is_default=True).exists() else is_master_at_hand()
        )
    return can_use_key(key, actor)
