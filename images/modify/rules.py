"""May an image be modified, and to what? (ims-facts §2.11) May its tags? (§2.22)"""

from collections.abc import Collection, Iterator

from django.utils.translation import gettext_lazy as _

from images.fields.rules import (
    boot_mode_fits,
    disk_gb_fits,
    is_active,
    least_gb,
    memory_fits,
    name_is_free,
    os_is_given,
)
from images.launch.fit import FEATURES, feature_fits, fits, host_has
from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.hosts import host_of
from imsconsole.cloud.models import Architecture, BootMode
from imsconsole.cloud.user_data.rules import is_user_data
from imsconsole.core.edits import told_of
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.engine.types import Capabilities

OF_ANY = ("name", "description", "protected")
OF_SERVERS = (
    "boot_mode",
    "min_ram_mb",
    "max_ram_mb",
    "nic_multi_queue",
    *FEATURES,
    "default_flavor",
    "default_user_data",
)
STATED = ("os_version", "min_disk_gb")  # what its owner said of a file that came in
MEANS_NOTHING = ("data-image-attribute", "iso-image-attribute")  # such an attribute is not even shown
ATTRIBUTES = (*OF_ANY, *OF_SERVERS, *STATED)


def can_modify(image: Image, actor: Actor) -> Verdict:
    """Only own private images (R54) in state Normal (R94). Its bytes never change, nor what was made of it."""
    if not (verdict := may_write(actor)):
        return verdict
    if image.category == Image.Category.PUBLIC:
        return refuse(
            "public-image",
            _("Public images belong to the platform and cannot be modified. Only private images can."),
        )
    if image.project_id != actor.project.pk:
        return refuse(
            "not-owner", _("Only the owner of an image can modify it. Ask the project it belongs to.")
        )
    return is_active(image)


def is_changeable(image: Image, name: str) -> Verdict:
    """Whether this attribute of such an image can have another value at all (R26)."""
    if image.type == Image.Type.DATA and name in (*OF_SERVERS, "os_version"):
        return refuse(
            "data-image-attribute",
            _("A data disk image makes disks, not servers: this attribute means nothing for it."),
        )
    if image.type == Image.Type.ISO and name == "default_user_data":
        return refuse(
            "iso-image-attribute",
            _("A system is installed from an ISO image by hand: user data means nothing for it."),
        )
    if name == "boot_mode" and image.architecture == Architecture.ARM:  # R64
        return refuse("arm-boots-uefi", _("Arm servers boot with UEFI only."))
    if name == "os_version" and image.os_detected:  # R63
        return refuse("os-detected", _("The system was found in the image itself."))
    stated = (Image.Source.FILE, Image.Source.DISK) if name == "os_version" else (Image.Source.FILE,)
    if name in STATED and image.source_kind not in stated:
        return refuse("taken-over", _("It was taken over from what the image was made of."))
    return ALLOWED


def is_offered(image: Image, name: str, capabilities: Capabilities) -> Verdict:
    """What the host lacks is not offered; what the image asks for all the same can be taken back."""
    return host_has(image, name, capabilities) if name in FEATURES and not getattr(image, name) else ALLOWED


def refusals(image: Image, changed: Collection[str], actor: Actor) -> Iterator[tuple[str, Verdict]]:
    """Why the image cannot become what it is in memory, each with the attribute that is to blame.

    Only of what changed: what does not fit since long keeps nobody from changing something else.
    """
    for name in changed:
        yield name, is_changeable(image, name)
    if "name" in changed:
        yield "name", name_is_free(image.name, actor)
    if {"min_ram_mb", "max_ram_mb"} & set(changed):
        yield "max_ram_mb", memory_fits(image.min_ram_mb, image.max_ram_mb)
    if "os_version" in changed:
        yield "os_version", os_is_given(image.type, image.os_version)
    if "boot_mode" in changed or "os_version" in changed:
        yield "boot_mode" if "boot_mode" in changed else "os_version", _boots(image)
    for name in FEATURES:
        if blamed := next((each for each in (name, "boot_mode") if each in changed), None):
            yield blamed, feature_fits(image, name, host_of(actor.region).capabilities)
    if "default_flavor" in changed and image.default_flavor:
        host = host_of(actor.region)
        yield "default_flavor", fits(image, image.default_flavor, host.capabilities)
    if "default_user_data" in changed:
        yield "default_user_data", is_user_data(image.default_user_data)
    if "min_disk_gb" in changed:
        yield "min_disk_gb", disk_gb_fits(image.type, image.min_disk_gb, least_disk_gb_of(image))


def least_disk_gb_of(image: Image) -> int:
    """The smallest disk that holds the image (R62, R95)."""
    stored = image.disks.order_by("index").first()
    return least_gb(image.type, stored.virtual_size_bytes if stored else 0)


def _boots(image: Image) -> Verdict:
    """The boot mode is one that CPU (R64) and system know."""
    os = image.os_version
    if os and not (os.boots_uefi if image.boot_mode == BootMode.UEFI else os.boots_bios):
        return refuse(
            "os-boot-mode",
            _("%(os)s does not boot by %(mode)s. Choose another boot mode."),
            os=os,
            mode=told_of(image, "boot_mode"),
        )
    return boot_mode_fits(image.architecture, image.boot_mode)


def can_tag(image: Image, actor: Actor) -> Verdict:
    """Own private images in any state; tags of others' images are their owners' (R97)."""
    if not (verdict := may_write(actor)):
        return verdict
    if image.category == Image.Category.PUBLIC:
        return refuse(
            "public-image", _("Public images belong to the platform. Only private images can be tagged.")
        )
    if image.project_id != actor.project.pk:
        return refuse(
            "not-owner", _("The tags of an image are its owner's. Ask the project the image belongs to.")
        )
    if image.status in (Image.Status.DELETED, Image.Status.TRASHED):
        return refuse("deleted", _("The image has been deleted already; there is nothing left to do."))
    return ALLOWED
