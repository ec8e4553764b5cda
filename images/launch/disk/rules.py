"""May a data disk be created from an image? The image first, then the disk (ims-facts §2.5)."""

from django.utils.translation import gettext_lazy as _

from images.fields.rules import is_active
from images.models import Image
from images.product.rules import may_use_product
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import AvailabilityZone
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.disks.rules import can_order_disk
from imsconsole.cloud.keys.rules import can_unlock
from imsconsole.core.edits import told_of
from imsconsole.core.rules import ALLOWED, Verdict, refuse


def can_create_disk_from(image: Image, actor: Actor) -> Verdict:
    """Disks are created from data disk images in state Normal of the same region (R5, R22), always as new ones (R98).

    Load `image.key` with the image.
    """
    if not (verdict := may_write(actor)):
        return verdict
    if image.region_id != actor.region.pk:
        return refuse(
            "other-region",
            _("The image is in another region. Copy it to this region, or change to its region."),
        )
    if image.type != Image.Type.DATA:
        return refuse(
            "no-data-image",
            _("Data disks are created from data disk images. This is a %(type)s."),
            type=told_of(image, "type"),
        )
    return is_active(image) and can_unlock(image, actor) and may_use_product(image, actor)


def fits_image(image: Image, size_gb: int) -> Verdict:
    """A disk is at least as large as what it is made of (R62)."""
    if size_gb >= image.min_disk_gb:
        return ALLOWED
    return refuse(
        "disk-smaller-than-data-image",
        _("The data disk image “%(image)s” needs a disk of at least %(least)s GB."),
        image=image.name,
        least=image.min_disk_gb,
    )


def can_order_disk_from(image: Image, size_gb: int, zone: AvailabilityZone, actor: Actor) -> Verdict:
    """The whole order. Hard only after `lock_project`."""
    return (
        can_create_disk_from(image, actor)
        and fits_image(image, size_gb)
        and can_order_disk(size_gb, zone, actor)
    )
