"""May an image be copied, and as what? In its region (ims-facts §2.12), and to another one (§2.13)."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from images.fields.encryption import keys_of
from images.fields.rules import is_active, name_is_free
from images.models import Image, ImageDisk
from images.product.rules import is_released
from imsconsole.accounts.actor import Actor, service_actor
from imsconsole.accounts.models import Project
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.backups.rules import fits_vault, is_at_rest
from imsconsole.cloud.keys.rules import can_encrypt_with, can_unlock, is_encrypting
from imsconsole.cloud.models import Key, Vault
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.core.sentences import refuse_as
from imsconsole.core.text import size
from imsconsole.engine.types import GIB
from imsconsole.jobs.quotas import fits_quota

COPY_FACTS = ("is_received",)  # in its region and to another one


@dataclass(frozen=True)
class Copy:
    """An order: a copy in the image's own region and project, encrypted with `key` or not at all.

    `image` comes with `COPY_FACTS`.
    """

    image: Image
    name: str
    key: Key | None = None

    @property
    def is_link(self) -> bool:
        """Whether the bytes stay as they are; else they are written anew."""
        return self.key is None and self.image.key_id is None

    def quota(self, actor: Actor) -> dict[str, int]:
        """What it takes of the project's quotas."""
        new = new_bytes([self.image], actor.project) if self.is_link else self.image.size_bytes
        return {"images": 1, "store_bytes": new}


@dataclass(frozen=True)
class CopyAcross:
    """An order: a copy of an image in the project `target` of another region.

    `image` comes with `COPY_FACTS`. The copy of a full-ECS image is made of a backup in `vault`, which comes from
    `with_facts`.
    """

    image: Image
    name: str
    target: Project
    vault: Vault | None = None

    @property
    def quota(self) -> dict[str, int]:
        """What it takes of the quotas of the target."""
        return {"images": 1, "store_bytes": self.image.size_bytes}


def can_copy(image: Image, actor: Actor) -> Verdict:
    """In its region: own private images, received ones (R109) and released public ones, in state Normal, up to 128 GB,
    whose key may be used.

    No full-ECS and no ISO images (R24, R66, R80, R90). `image` comes with `COPY_FACTS`; load `key` with it.
    """
    return (
        may_write(actor)
        and _owns(image, actor)
        and is_copyable(image)
        and _is_one_disk(image)
        and fits_copy_limit(image)
        and can_unlock(image, actor)
    )


def can_begin_copy(image: Image, actor: Actor) -> Verdict:
    """Whether there is a way to copy it: a full-ECS image goes to another region, all that does goes in the region as well.

    `image` comes with `COPY_FACTS`.
    """
    return (can_copy_across if image.type == Image.Type.FULL else can_copy)(image, actor)


def can_order_copy(copy: Copy, actor: Actor) -> Verdict:
    """The whole order: image, key, name (R39), then the quotas. Hard only after `lock_project`."""
    return (
        can_copy(copy.image, actor)
        and fits_key(copy.image, copy.key, actor)
        and name_is_free(copy.name, actor)
        and fits_quota(actor.project, copy.quota(actor))
    )


def can_copy_across(image: Image, actor: Actor) -> Verdict:
    """To another region: own private images (R54) and released public ones in state Normal, not encrypted, of up to
    128 GB (R81, R92).

    No ISO, and no full-ECS image whose backup is not at rest. `image` comes with `COPY_FACTS`; load `key` and
    `backup`, and prefetch `disks` with several.
    """
    return (
        may_write(actor)
        and _owns(image, actor)
        and _is_own(image, actor)
        and is_copyable(image)
        and (is_at_rest(image.backup) if image.backup else ALLOWED)
        and fits_copy_limit(image)
        and _is_plain(image)
    )


def can_order_copy_across(copy: CopyAcross, actor: Actor) -> Verdict:
    """The whole order: image, target and vault (R81, R82), name there (R39), its quotas.

    Hard only after `lock_project` and with the vault's row locked.
    """
    return (
        can_copy_across(copy.image, actor)
        and may_be_placed(copy.target, actor.project)
        and may_be_backed_up([copy.image], copy.target, copy.vault)
        and name_is_free(copy.name, service_actor(copy.target))
        and fits_quota(copy.target, copy.quota)
    )


def may_be_placed(target: Project, source: Project) -> Verdict:
    """Another project of the account, in another region, which lets this one place images there (R81, R82)."""
    if target.account_id != source.account_id:
        return refuse("no-such-project", _("The account has no such project. Choose another one."))
    if target.region_id == source.region_id:
        return refuse(
            "same-region",
            _("The target is in the image's own region. Choose a project of another region."),
        )
    if all(agency.grantee_id != source.pk for agency in target.agencies.all()):
        return refuse_as("no-agency", target=target.name, source=source.name)
    return ALLOWED


def may_be_backed_up(images: Iterable[Image], target: Project, vault: Vault | None) -> Verdict:
    """Copies of full-ECS images need a vault of the target with room for all their disks (R82)."""
    needed_gb = sum(image.backup.size_gb for image in images if image.backup)
    if not needed_gb:
        return ALLOWED
    if vault is None or vault.project_id != target.pk:
        return refuse(
            "vault-needed-there",
            _("The copy of a full-ECS image needs a vault of the target project. Choose one of its vaults."),
        )
    if not target.region.zones.exists():
        return refuse(
            "no-zone-there",
            _("The target region has no availability zone, so that it holds no backups. Ask the operator."),
        )
    return fits_vault(vault, needed_gb)


def _is_own(image: Image, actor: Actor) -> Verdict:
    """§2.15: a received image is copied within its region."""
    if image.project_id == actor.project.pk or image.category == Image.Category.PUBLIC:
        return ALLOWED
    return refuse(
        "shared-across",
        _("A received image is copied in its region first; then that copy can go to another region."),
    )


def _is_plain(image: Image) -> Verdict:
    if not keys_of(image):
        return ALLOWED
    if image.type == Image.Type.FULL:  # which is not copied in its region
        return refuse(
            "encrypted-across",
            _(
                "A full-ECS image with an encrypted disk cannot be copied to another region. Only one of a server whose "
                "disks are not encrypted can."
            ),
        )
    return refuse(
        "encrypted-across",
        _(
            "Encrypted images cannot be copied to another region. Copy them in their region without encryption "
            "first, and then that copy."
        ),
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
    return can_encrypt_with(key, actor) if key else is_encrypting(actor)


def new_bytes(images: Iterable[Image], project: Project) -> int:
    """What copies that are links to the same bytes add to the storage of a project: nothing, where it has them."""
    had = ImageDisk.objects.filter(image__project=project).exclude(image__status=Image.Status.DELETED)
    new = ImageDisk.objects.filter(image__in=list(images)).exclude(
        stored__in=had.exclude(stored=None).values("stored")
    )
    return sum(new.values_list("size_bytes", flat=True))


def is_copyable(image: Image) -> Verdict:
    """Whether it can be copied at all, here or elsewhere: in state Normal, and no ISO (R66, R81)."""
    if not (verdict := is_active(image)):
        return verdict
    if image.type == Image.Type.ISO:
        return refuse(
            "iso-image", _("An ISO image cannot be copied. Import its file once more where it is needed.")
        )
    return ALLOWED


def fits_copy_limit(image: Image) -> Verdict:
    """R80, R81, C10."""
    if image.size_bytes <= settings.IMS_COPY_MAX_GB * GIB:
        return ALLOWED
    return refuse(
        "copy-too-large",
        _("At most %(most)s GB can be copied; this image has %(size)s."),
        most=settings.IMS_COPY_MAX_GB,
        size=size(image.size_bytes),
    )


def _owns(image: Image, actor: Actor) -> Verdict:
    if image.category == Image.Category.PUBLIC:
        return is_released(image, actor)
    if image.category == Image.Category.MARKET:
        return refuse(
            "market-image",
            _(
                "Market images cannot be copied. Create a server from this one and make a private image of it."
            ),
        )
    if image.project_id == actor.project.pk or image.is_received:
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
        "full-image",
        _(
            "A full-ECS image is copied to another region only. Here, create a server from it and make a system disk "
            "image and data disk images of that one."
        ),
    )
