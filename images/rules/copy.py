"""May an image be copied, and as what? (ims-facts §2.12)"""

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from images.models import Image, ImageDisk
from images.rules.import_image import name_is_free
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Project
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.hosts import host_of
from imsconsole.cloud.keys.rules import can_use_key
from imsconsole.cloud.models import Key
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.core.text import size
from imsconsole.engine.types import GIB
from imsconsole.jobs.quotas import fits_quota


@dataclass(frozen=True)
class Copy:
    """An order: a copy in the image's own region and project, encrypted with `key` or not at all."""

    image: Image
    name: str
    key: Key | None = None

    @property
    def is_link(self) -> bool:
        """Whether the bytes stay as they are; else they are written anew."""
        return self.key is None and self.image.key_id is None

    def quota(self, actor: Actor) -> dict[str, int]:
        """What it takes of the project's quotas."""
        new = new_bytes(self.image, actor.project) if self.is_link else self.image.stored_bytes or 0
        return {"images": 1, "store_bytes": new}


def can_copy(image: Image, actor: Actor) -> Verdict:
    """In its region: own private images, and received ones (R109), in state Normal, up to 128 GB, whose key may be used.

    No full-ECS and no ISO images (R24, R66, R80, R90). `image` comes from `with_facts`.
    """
    return (
        may_write(actor)
        and _owns(image, actor)
        and is_copyable(image)
        and _is_one_disk(image)
        and fits_copy_limit(image)
        and (can_use_key(image.key, actor) if image.key else ALLOWED)
    )


def can_order_copy(copy: Copy, actor: Actor) -> Verdict:
    """The whole order: image, key, name (R39), then the quotas. Hard only after `lock_project`."""
    return (
        can_copy(copy.image, actor)
        and fits_key(copy.image, copy.key, actor)
        and name_is_free(copy.name, actor)
        and fits_quota(actor.project, copy.quota(actor))
    )


def fits_key(image: Image, key: Key | None, actor: Actor) -> Verdict:
    """Whether a copy can be encrypted with this key (R47, R89, R90), or with none.

    An encrypted image that was received stays encrypted, with a key of one's own (§2.15).
    """
    if (
        image.key_id
        and image.project_id != actor.project.pk
        and (key is None or key.project_id != actor.project.pk)
    ):
        return refuse(
            "own-key-needed",
            _("The image is encrypted with its owner's key. Choose a key of this project for the copy."),
        )
    if key is not None and key.pk == image.key_id:
        return refuse(
            "same-key",
            _("The image is encrypted with this key already. Choose another one for the copy, or none."),
        )
    if key is not None and image.use == Image.Use.BMS:
        return refuse("bms-not-encrypted", _("Images for bare-metal servers cannot be encrypted."))
    if key is None and image.key_id is None:
        return ALLOWED
    if not host_of(actor.region).capabilities.encryption:
        return refuse(
            "no-encryption",
            _("The host of this region cannot encrypt disks. Please ask the operator what it lacks."),
        )
    return can_use_key(key, actor) if key else ALLOWED


def new_bytes(image: Image, project: Project) -> int:
    """What a copy that is links to the same bytes adds to the storage of a project: nothing, where it has them."""
    had = ImageDisk.objects.filter(image__project=project).exclude(image__status=Image.Status.DELETED)
    new = image.disks.exclude(bytes_id__in=had.values("bytes_id"))
    return sum(new.values_list("size_bytes", flat=True))


def is_copyable(image: Image) -> Verdict:
    """Whether it can be copied at all, here or elsewhere: in state Normal, and no ISO (R66, R81)."""
    if image.status != Image.Status.ACTIVE:
        return refuse(
            "not-active",
            _("Only images in state “Normal” can be copied; this one is in state “%(status)s”.")
            % {"status": image.get_status_display()},
        )
    if image.type == Image.Type.ISO:
        return refuse(
            "iso-image", _("An ISO image cannot be copied. Import its file once more where it is needed.")
        )
    return ALLOWED


def fits_copy_limit(image: Image) -> Verdict:
    """R80, R81, C10."""
    if (image.stored_bytes or 0) <= settings.IMS_COPY_MAX_GB * GIB:
        return ALLOWED
    return refuse(
        "copy-too-large",
        _("At most %(most)s GB can be copied; this image has %(size)s.")
        % {"most": settings.IMS_COPY_MAX_GB, "size": size(image.stored_bytes or 0)},
    )


def _owns(image: Image, actor: Actor) -> Verdict:
    if image.category != Image.Category.PRIVATE:
        return refuse(
            "public-image",
            _(
                "Only private images can be copied. Create a server from this one and make a private image of it."
            ),
        )
    if (
        image.project_id == actor.project.pk
        or Image.objects.shared_with(actor.project).filter(pk=image.pk).exists()
    ):
        return ALLOWED
    return refuse(  # R109
        "not-owner",
        _(
            "Only its owner and projects that have accepted it can copy an image. Ask the project it belongs to."
        ),
    )


def _is_one_disk(image: Image) -> Verdict:
    if image.type != Image.Type.FULL:
        return ALLOWED
    return refuse(
        "full-image-here",
        _("A full-ECS image cannot be copied in its region, only to another one."),
    )
