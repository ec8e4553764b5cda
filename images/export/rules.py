"""May an image leave the service as a file, in which format, and where to? (ims-facts §2.17)"""

from django.conf import settings
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_lazy as _

from images.fields.rules import is_active
from images.models import Image
from images.product.ancestry import ancestors_of
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.buckets.rules import can_export_to, can_upload_object
from imsconsole.cloud.hosts import capabilities_of
from imsconsole.cloud.keys.rules import can_unlock
from imsconsole.cloud.models import Bucket, BucketObject
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.core.sentences import refuse_as
from imsconsole.engine.types import GIB, MIB

HEADER_BYTES = 2 * MIB  # what a format adds to the content, about
LEAVE_FACTS = ("virtual_bytes",)
EXPORT_FACTS = ("has_live_job", "is_exporting", *LEAVE_FACTS)
EXPORT_BYTES_FACTS = ("virtual_bytes",)


class Format(TextChoices):
    """What an image can be written as (R78); `stored` is fast export."""

    QCOW2 = "qcow2", "QCOW2"
    VMDK = "vmdk", "VMDK"
    VHD = "vhd", "VHD"
    RAW = "raw", "RAW"
    ZVHD = "zvhd", "ZVHD"
    STORED = "stored", gettext_lazy("As it is stored (fast export)")


def can_export(image: Image, actor: Actor) -> Verdict:
    """Whether it can be exported at all: whose it is, its state, then what it is and was made from (R70 to R79).

    `image` comes with `EXPORT_FACTS`, in lists also from `ancestry.load_ancestors`.
    """
    return may_write(actor) and _owns(image, actor) and _is_idle(image) and may_leave(image, actor)


def may_leave(image: Image, actor: Actor) -> Verdict:
    """Whether its bytes may leave the service, whichever way: what it is, its key, what it was made from (R71 to R76).

    `image` comes with `LEAVE_FACTS`.
    """
    return _has_type(image) and _fits(image) and can_unlock(image, actor) and _is_free(image)


def _owns(image: Image, actor: Actor) -> Verdict:
    """R70; and only who owns it (R54)."""
    if image.category != Image.Category.PRIVATE:
        return refuse(
            "not-private",
            _(
                "Public and market images cannot be exported: their files belong to the platform or their "
                "publisher. Only private images can."
            ),
        )
    if image.project_id != actor.project.pk:
        return refuse(
            "not-owner", _("Only the owner of an image can export it. Ask the project it belongs to.")
        )
    return ALLOWED


def _is_idle(image: Image) -> Verdict:
    if not (verdict := is_active(image)):
        return verdict
    if image.is_exporting:  # R79
        return refuse(
            "exporting", _("The image is being exported right now. Wait until that has ended, or cancel it.")
        )
    if image.has_live_job:
        return refuse(
            "image-busy",
            _("Other work on this image is still running. Wait until it has finished, or cancel it."),
        )
    return ALLOWED


def _has_type(image: Image) -> Verdict:
    if image.type == Image.Type.FULL:  # R71
        return refuse(
            "full-ecs",
            _(
                "Full-ECS images cannot be exported. Create a server from it, make a system disk image and data "
                "disk images of that, and export these."
            ),
        )
    if image.type == Image.Type.ISO:  # R72
        return refuse(
            "iso", _("ISO images cannot be exported. Only system disk images and data disk images can.")
        )
    return ALLOWED


def _fits(image: Image) -> Verdict:
    """R75: neither way is open to a disk of a certain size."""
    size_gb, most_gb = _size_gb(image), settings.IMS_FAST_EXPORT_MAX_GB
    if size_gb >= most_gb:
        return refuse(
            "export-too-large",
            _("The disk of this image has %(size)s GB; images of %(most)s GB and more cannot be exported."),
            size=size_gb,
            most=most_gb,
        )
    if image.key_id and size_gb > settings.IMS_EXPORT_MAX_GB:
        return can_export_as(image, Format.QCOW2)
    return ALLOWED


def _is_free(image: Image) -> Verdict:
    """R73, R74: what was made from some images stays here, through any number of generations."""
    for ancestor in ancestors_of(image):
        if ancestor.category == Image.Category.MARKET:
            return refuse(
                "from-market",
                _(
                    "This image was made from the market image “%(name)s”. What was made from market images "
                    "cannot be exported."
                ),
                name=ancestor.name,
            )
        if ancestor.category == Image.Category.PUBLIC and _is_excluded(ancestor):
            return refuse(
                "from-licensed",
                _(
                    "This image was made from the public image “%(name)s”. For reasons of its licence, what was "
                    "made from such images cannot be exported; images imported from files of your own can."
                ),
                name=ancestor.name,
            )
    return ALLOWED


def _is_excluded(image: Image) -> bool:
    os = image.os_version
    return os is not None and not {os.platform, os.os_type}.isdisjoint(settings.IMS_EXPORT_EXCLUDES)


def _size_gb(image: Image) -> int:
    return -(-(image.virtual_bytes or 0) // GIB)


def can_export_as(image: Image, format: str) -> Verdict:
    """Whether this image, which comes with `EXPORT_FACTS`, can be written so (R75, R76, R78)."""
    if format == Format.ZVHD:
        return refuse(
            "zvhd",
            _(
                "ZVHD is a format of one vendor that no freely available program can write. Choose QCOW2: it takes no "
                "more room, and every such service imports it."
            ),
        )
    if format == Format.STORED:
        return _has_no_key(image)
    if format not in capabilities_of(image.region_id).formats:
        return refuse_as("export-format", format=Format(format).label)
    if _size_gb(image) > settings.IMS_EXPORT_MAX_GB:
        return refuse(
            "export-needs-fast",
            _(
                "The disk of this image has %(size)s GB. Over %(most)s GB only fast export is possible, and not for "
                "encrypted images."
            ),
            size=_size_gb(image),
            most=settings.IMS_EXPORT_MAX_GB,
        )
    return ALLOWED


def _has_no_key(image: Image) -> Verdict:
    """R76."""
    if image.key_id is None:
        return ALLOWED
    return refuse(
        "fast-export-encrypted",
        _(
            "The image is encrypted, and its file as it is stored would be of no use elsewhere. Choose a format; "
            "what is exported then is not encrypted."
        ),
    )


def export_bytes(image: Image, format: str) -> int:
    """About what the file takes of the quota, reserved until it is known exactly.

    `image` comes with `EXPORT_BYTES_FACTS`.
    """
    if format == Format.RAW:
        return image.virtual_bytes or 0
    return image.size_bytes + HEADER_BYTES


def can_export_into(image: Image, bucket: Bucket, key: str, format: str, actor: Actor) -> Verdict:
    """Whether the file can be put there: a Standard bucket of the region (R77), a free name (IMG.0070), quota, room.

    `image` comes with `EXPORT_BYTES_FACTS`.
    """
    return (
        can_export_to(bucket, actor)
        and is_free_key(bucket, key)
        and can_upload_object(bucket, actor, export_bytes(image, format))
    )


def is_free_key(bucket: Bucket, key: str) -> Verdict:
    """IMG.0070. What is on its way there counts as well."""
    if not BucketObject.objects.filter(bucket=bucket, key=key).exists():
        return ALLOWED
    return refuse_as("object-exists", bucket=bucket.name, key=key)
