"""Every attribute of an image with its value and what it means (ims-facts §1.1 to §1.4, §2.29)."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from images.fields.encryption import disk_keys, encryption_of
from images.models import Image, ImageDisk
from images.product.products import Product, product_of
from images.selection.tabs import CHOSEN_AMONG, MARKET, PRIVATE, PUBLIC, SHARED, kind_of
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import BootMode, Key
from imsconsole.core.checksums import algorithm_of, digits_of
from imsconsole.core.text import size

Text = str | Promise
STATUSES: dict[str, Text] = {
    Image.Status.QUEUED: _("Its file has not come yet."),
    Image.Status.SAVING: _("Its file is being written to the store. It can be used when that has ended."),
    Image.Status.ACTIVE: _("It can be used."),
    Image.Status.KILLED: _("Its file did not arrive as it should. Retry its job, or delete it."),
    Image.Status.FROZEN: _("It was stopped by the platform and cannot be used."),
}
CATEGORIES: dict[str, Text] = {
    PUBLIC: _("Everybody may use it; the platform takes care of it."),
    PRIVATE: _("Members of the project see it, and projects it is shared with."),
    SHARED: _("It is another project's, which shares it with this one."),
    MARKET: _("Everybody may use it at its publisher's price."),
}
TYPES: dict[str, Text] = {
    Image.Type.SYSTEM: _("An operating system with its programs; servers are created from it."),
    Image.Type.DATA: _("Data only; disks are created from it, not servers."),
    Image.Type.FULL: _("A server's system disk with all its data disks."),
    Image.Type.ISO: _("An installation medium; only a temporary server can be created from it."),
}


@dataclass(frozen=True)
class Attribute:
    """A line of the page. `is_code` values are copied, not read: IDs and checksums; those with a `url` have a page."""

    name: Text
    value: Any
    meaning: Text = ""
    is_code: bool = False
    url: str = ""


Group = tuple[Text, list[Attribute]]


def attributes_of(image: Image, actor: Actor) -> list[Group]:
    """The groups of the page. Load the rows it names with the image, which comes from `with_keys`."""
    disks, product = list(image.disks.all()), product_of(image, actor)
    return [
        (_("Basics"), _basics(image, product, kind_of(image, actor))),
        *([(_("Market"), _market(product))] if product else []),
        (_("Operating system"), _system(image)),
        (_("What a server needs"), _needs(image)),
        (_("Origin"), _origin(image, actor)),
        *[(_title(disk, len(disks)), _disk(disk, len(disks))) for disk in disks],
    ]


def shows_source(image: Image, actor: Actor) -> bool:
    """Whether the name of its source is the reader's to know: a market image's is its publisher's."""
    return image.project_id == actor.project.pk or image.category == Image.Category.PUBLIC


def _basics(image: Image, product: Product | None, kind: str) -> list[Attribute]:
    owner = product.publisher if product and image.category == Image.Category.MARKET else image.project
    return [
        Attribute(
            _("Image ID"),
            str(image.pk),
            _("Never changes and is never given to another image."),
            is_code=True,
        ),
        Attribute(_("Status"), image.get_status_display(), STATUSES.get(image.status, "")),
        Attribute(_("Category"), CHOSEN_AMONG[kind], CATEGORIES[kind]),
        Attribute(_("Image type"), image.get_type_display(), TYPES[image.type]),
        Attribute(
            _("Function"),
            image.get_use_display(),
            _("The kind of server it starts: ECS are virtual machines, BMS are bare metal."),
        ),
        Attribute(_("Region"), image.region, _("An image can be used in its region only.")),
        Attribute(
            _("Owner"),
            owner or _("Platform"),
            _("The project that may change and delete it; its members all see it."),
        ),
        Attribute(_("Protected"), _yes_no(image.protected), _("A protected image cannot be deleted.")),
        *_release(image),
        *_encryption(image),
    ]


def _release(image: Image) -> list[Attribute]:
    """Of a public image."""
    if image.category != Image.Category.PUBLIC:
        return []
    meaning = _("Whether the operator lets every project copy and download it.")
    return [Attribute(_("Released"), _yes_no(image.released), meaning)]


def _market(product: Product) -> list[Attribute]:
    """Of a market image, and of what was made of one."""
    offer = f"{product.title} {product.version}"
    publisher = reverse("market:publisher", args=[product.publisher_id])
    return [
        Attribute(
            _("Listing"), offer, _("What servers made from the image are charged for."), url=product.page
        ),
        Attribute(_("Publisher"), product.publisher, _("Who made it and names its price."), url=publisher),
        Attribute(
            _("Product code"),
            str(product.listing_id),
            _("Images made of its servers keep it, and its price and terms with it."),
            is_code=True,
        ),
        Attribute(_("On the market"), _yes_no(product.is_offered), _whether_left(product)),
        Attribute(
            _("Terms accepted"),
            _yes_no(product.is_accepted),
            _("By an administrator for this project; before that it cannot be used."),
        ),
    ]


def _whether_left(product: Product) -> Text:
    if product.is_offered:
        return _("It can be deployed.")
    if product.reinstall_until is None:
        return _("A newer version has taken its place. Servers that have it go on.")
    day = date_format(localtime(product.reinstall_until), "DATE_FORMAT")
    return _(
        "It was withdrawn. Servers that have it go on, and can be reinstalled with it until %(day)s."
    ) % {"day": day}


def _encryption(image: Image) -> list[Attribute]:
    """With its key, unless its disks have each their own: those say so themselves."""
    meaning = _("Servers made from an encrypted image have encrypted disks.")
    if len(disk_keys(image)) > 1:
        return [Attribute(_("Encryption"), encryption_of(image), meaning)]
    kept = _("The key its disks are encrypted with. It cannot be changed; a copy can have another.")
    return _key(image.key, meaning, kept, _("While the key is not enabled, the image cannot be used."))


def _key(key: Key | None, meaning: Text, of_name: Text, of_id: Text) -> list[Attribute]:
    if key is None:
        return [Attribute(_("Encryption"), _("Not encrypted"), meaning)]
    return [
        Attribute(_("Encryption"), _("Encrypted"), meaning),
        Attribute(_("Key name"), key.name, of_name),
        Attribute(_("Key ID"), str(key.pk), of_id, is_code=True),
    ]


def _system(image: Image) -> list[Attribute]:
    os = image.os_version
    found = _("Found in the image.") if image.os_detected else _("As it was stated when the image was made.")
    return [
        Attribute(_("OS version"), os, found if os else ""),
        Attribute(_("OS type"), os and os.get_os_type_display(), _("Linux, Windows or other.")),
        Attribute(_("Platform"), os and os.platform, _("The family the version belongs to.")),
        Attribute(_("OS bits"), os and os.bits, _("A 32-bit system uses at most 4 GB of memory.")),
        Attribute(
            _("Cloud-Init injection"),
            _("Unknown") if image.cloud_init is None else _yes_no(image.cloud_init),
            _("Whether host name, password, key and user data are set at the first start."),
        ),
    ]


def _needs(image: Image) -> list[Attribute]:
    unlimited = _("No limit")
    return [
        Attribute(
            _("Architecture"), image.get_architecture_display(), _("The CPU. The flavor must have the same.")
        ),
        Attribute(
            _("Boot mode"),
            image.get_boot_mode_display(),
            _("The firmware a server starts it with. It cannot be changed on an existing server."),
        ),
        Attribute(
            _("Disk capacity"),
            f"{image.min_disk_gb} GB",
            _("The smallest disk that holds it; a server's disk may be larger."),
        ),
        Attribute(
            _("Minimum memory"),
            f"{image.min_ram_mb} MB" if image.min_ram_mb else unlimited,
            _("Flavors with less memory are refused."),
        ),
        Attribute(
            _("Maximum memory"),
            f"{image.max_ram_mb} MB" if image.max_ram_mb else unlimited,
            _("Flavors with more memory are refused."),
        ),
        Attribute(
            _("NIC multi-queue"),
            _yes_no(image.nic_multi_queue),
            _("Whether several CPUs share the work of a network card."),
        ),
        *_features(image),
        *_defaults(image),
        *_fast(image),
    ]


def _features(image: Image) -> list[Attribute]:
    if image.boot_mode != BootMode.UEFI:
        return []
    signed = _("Whether the firmware starts only what is signed.")
    kept = _(
        "Whether servers have a TPM 2.0. What it keeps goes with the system disk, and is in no image or backup."
    )
    return [
        Attribute(_("Secure Boot"), _yes_no(image.secure_boot), signed),
        Attribute(_("TPM"), _yes_no(image.tpm), kept),
    ]


def _defaults(image: Image) -> list[Attribute]:
    """What the form of an order is filled in with."""
    flavor, text = image.default_flavor_id, image.default_user_data
    characters = ngettext("%(n)s character", "%(n)s characters", len(text)) % {"n": len(text)}
    defaults = [
        (flavor, _("Default flavor"), flavor, _("The order of a server begins with it, as long as it fits.")),
        (
            text,
            _("Default user data"),
            characters,
            _("What cloud-init does at the first start. The form of an order shows it before it is used."),
        ),
    ]
    return [Attribute(name, value, meaning) for is_there, name, value, meaning in defaults if is_there]


def _fast(image: Image) -> list[Attribute]:
    if image.type not in (Image.Type.SYSTEM, Image.Type.FULL):
        return []
    meaning = _("Its servers begin as a layer over its bytes, however large it is.")
    return [Attribute(_("Fast provisioning"), _("Yes"), meaning)]


def _origin(image: Image, actor: Actor) -> list[Attribute]:
    """Who made it is told to its project only."""
    is_own = image.project_id == actor.project.pk
    name = image.source_name if shows_source(image, actor) else ""
    kind = image.get_source_kind_display()
    return [
        Attribute(_("Source"), f"{kind}: {name}" if name else kind, _("What it was made of.")),
        *_backup(image, actor),
        *([Attribute(_("Created by"), image.created_by)] if is_own else []),
        Attribute(_("Created"), image.created_at, _("When its creation was ordered.")),
        Attribute(_("Usable since"), image.active_at, _("When it first came to the state “Normal”.")),
        Attribute(_("Updated"), image.updated_at, _("When an attribute last changed; its bytes never do.")),
    ]


def _backup(image: Image, actor: Actor) -> list[Attribute]:
    """Of a full-ECS image, for its owner."""
    if image.backup is None or image.project_id != actor.project.pk:
        return []
    meaning = _("Its disks have the same bytes. One backup makes one image.")
    return [Attribute(_("Backup"), image.backup, meaning, url=image.backup.get_absolute_url())]


def _disk(disk: ImageDisk, count: int) -> list[Attribute]:
    came_in = disk.source_format or None
    if came_in and disk.source_size_bytes:  # what the platform builds itself has no file of its own
        came_in = f"{came_in}, {size(disk.source_size_bytes)}"
    return [
        Attribute(_("Came in as"), came_in, _("Format and size of the file it was made of.")),
        Attribute(
            _("Stored as"),
            f"{disk.format}, {size(disk.size_bytes)}",
            _("It is kept as it came in.")
            if disk.format == "iso"
            else _("Every file that comes in is converted by the service itself."),
        ),
        Attribute(_("Virtual size"), size(disk.virtual_size_bytes), _("What a server sees of it.")),
        Attribute(
            _("%(algorithm)s of what came in") % {"algorithm": algorithm_of(disk.source_checksum)},
            digits_of(disk.source_checksum),
            _("Compare it with the checksum of your own file."),
            is_code=True,
        ),
        Attribute(
            _("%(algorithm)s of the stored file") % {"algorithm": algorithm_of(disk.checksum)},
            digits_of(disk.checksum),
            _("Tells whether the bytes are still what they were."),
            is_code=True,
        ),
        *(_disk_encryption(disk) if count > 1 else []),
    ]


def _disk_encryption(disk: ImageDisk) -> list[Attribute]:
    """Of one of several: they may have different keys (R46)."""
    return _key(
        disk.key if disk.index else disk.image.key,
        _("A disk that is made of it is encrypted in the same way."),
        _("The key it is encrypted with. It cannot be changed."),
        _("While the key is not enabled, no server can be created from the image."),
    )


def _title(disk: ImageDisk, count: int) -> Text:
    """The heading of a stored disk; numbered when the image has several."""
    if count == 1:
        return _("Stored file")
    return _("Stored file %(number)s: %(role)s") % {
        "number": disk.index + 1,
        "role": disk.get_role_display(),
    }


def _yes_no(value: bool) -> Promise:
    return _("Yes") if value else _("No")
