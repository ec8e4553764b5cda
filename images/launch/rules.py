"""May servers be created from an image? The image first, then the whole order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from django.utils.translation import gettext_lazy as _

from images.fields.encryption import keys_of
from images.fields.rules import is_active
from images.launch.disk.rules import can_create_disk_from, fits_image
from images.launch.fit import fits, fits_system_disk
from images.models import Image
from images.product.rules import may_use_product
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import AvailabilityZone
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.disks.rules import MAX_DATA_DISKS, fits_data_disk
from imsconsole.cloud.hosts import Host, host_of, is_able
from imsconsole.cloud.keys.rules import can_use_key
from imsconsole.cloud.models import Flavor, KeyPair
from imsconsole.cloud.servers.rules import fits_memory
from imsconsole.cloud.user_data.rules import is_user_data
from imsconsole.core.rules import ALLOWED, Verdict, first_refusal, refuse
from imsconsole.engine.types import GIB
from imsconsole.jobs.quotas import fits_quota

MAX_COUNT = 100


@dataclass(frozen=True)
class Launch:
    """An order of `count` equal servers. Sizes are GB; `password_hash` is a crypt(3) hash."""

    image: Image
    flavor: Flavor
    zone: AvailabilityZone
    name: str
    system_disk_gb: int
    count: int = 1
    data_disks_gb: tuple[int, ...] = ()
    data_images: tuple[
        Image | None, ...
    ] = ()  # of the data disks; without one blank, or the full-ECS image's
    key_pair: KeyPair | None = None
    password_hash: str = ""
    user_data: str = ""
    auto_start: bool = False

    @property
    def data_disks(self) -> list[tuple[int, Image | None]]:
        """Size and image of each data disk."""
        images = [*self.data_images, *[None] * len(self.data_disks_gb)]
        return list(zip(self.data_disks_gb, images, strict=False))

    @property
    def quota(self) -> dict[str, int]:
        """What all of them together take of the project's quota."""
        return quota_of(self.flavor, (self.system_disk_gb, *self.data_disks_gb), self.count)


def quota_of(flavor: Flavor | None, disks_gb: Sequence[int], count: int) -> dict[str, int]:
    """What `count` servers with these disks take of the quotas; `flavor` is None while none is chosen."""
    each = {
        "servers": 1,
        "vcpus": flavor.vcpus if flavor else 0,
        "memory_mb": flavor.memory_mb if flavor else 0,
        "disks": len(disks_gb),
        "disk_gb": sum(disks_gb),
    }
    return {resource: amount * count for resource, amount in each.items()}


def can_launch(image: Image, actor: Actor) -> Verdict:
    """Servers are created from system disk and full-ECS images in state Normal of the same region (R5, R7, R22, R66).

    An encrypted one needs the keys of its disks (R90), one of the market its terms accepted (§2.16). In lists it comes
    from `with_keys`.
    """
    if not (verdict := may_write(actor)):
        return verdict
    if image.region_id != actor.region.pk:
        return refuse(
            "other-region",
            _("The image is in another region. Copy it to this region, or change to its region."),
        )
    if image.type == Image.Type.DATA:
        return refuse(
            "data-image", _("A data disk image holds no operating system: it makes disks, not servers.")
        )
    if image.type == Image.Type.ISO:
        return refuse(
            "iso-image",
            _("An ISO image cannot create normal servers, only temporary ones for installing from it."),
        )
    if not (verdict := is_active(image)):
        return verdict
    return can_unlock_disks(image, actor) and may_use_product(image, actor)


def can_create_servers(launch: Launch, actor: Actor, host: Host | None = None) -> Verdict:
    """The whole order: image, fit, disks, login, then quota and guest memory for all of them at once.

    Hard only after `lock_project` and with the region's row locked.
    """
    host = host or host_of(actor.region)
    return (
        can_launch(launch.image, actor)
        and _is_possible(launch, actor, host)
        and has_login(launch, host)
        and _has_room(launch, actor, host)
    )


def fits_order(launch: Launch, actor: Actor, host: Host) -> Verdict:
    """What is asked besides of an order that is being filled in: all but its login, which comes last."""
    return _is_possible(launch, actor, host) and _has_room(launch, actor, host)


def _is_possible(launch: Launch, actor: Actor, host: Host) -> Verdict:
    return (
        is_here(launch, actor)
        and fits(launch.image, launch.flavor, host.capabilities)
        and fits_system_disk(launch.image, launch.system_disk_gb)
        and _fits_data_disks(launch)
        and fit_data_images(launch.image, launch.data_disks_gb, launch.data_images, actor)
        and _fits_count(launch)
    )


def _has_room(launch: Launch, actor: Actor, host: Host) -> Verdict:
    return fits_quota(actor.project, launch.quota) and fits_host(launch, host)


def can_unlock_disks(image: Image, actor: Actor) -> Verdict:
    """Each key that its disks have can be used (R90): those of a full-ECS image may have several (§2.25)."""
    return first_refusal(can_use_key(key, actor) for key in keys_of(image))


class Login(Protocol):
    """What an order says about signing in."""

    @property
    def key_pair(self) -> KeyPair | None: ...

    @property
    def password_hash(self) -> str: ...

    @property
    def user_data(self) -> str: ...


def has_login(login: Login, host: Host) -> Verdict:
    """A key pair or a password, never both; without either, user data has to let people in (R139).

    Where guests are told nothing, one signs in as the image has it.
    """
    if not host.capabilities.seeds:
        is_told = login.key_pair or login.password_hash or login.user_data
        return is_able("seeds", host) if is_told else ALLOWED
    if login.key_pair and login.password_hash:
        return refuse("login-both", _("Choose a key pair or a password, not both."))
    if not (login.key_pair or login.password_hash or login.user_data):
        return refuse(
            "login-missing",
            _(
                "Without a key pair or a password nobody could sign in. Choose one, or give user data that does it."
            ),
        )
    return is_user_data(login.user_data)


def fits_data_disks_of(image: Image, sizes_gb: Sequence[int]) -> Verdict:
    """A server of a full-ECS image has all its disks; they may be larger, and more may follow (R95)."""
    least = data_disks_gb_of(image)
    if len(sizes_gb) < len(least):
        return refuse(
            "full-ecs-disks",
            _("Servers have all data disks of the image (%(count)s). None can be left out."),
            count=len(least),
        )
    for number, (size_gb, least_gb) in enumerate(zip(sizes_gb, least, strict=False), 1):
        if size_gb < least_gb:
            return refuse(
                "full-ecs-disk-size",
                _("Data disk %(number)s of the image has %(least)s GB. It can grow, not shrink."),
                number=number,
                least=least_gb,
            )
    return ALLOWED


def data_disks_gb_of(image: Image) -> list[int]:
    """The sizes of the data disks that servers of an image have at least, in their order."""
    if image.type != Image.Type.FULL:
        return []
    return [-(-disk.virtual_size_bytes // GIB) for disk in image.disks.all() if disk.index]


def _fits_data_disks(launch: Launch) -> Verdict:
    if not (verdict := fits_data_disks_of(launch.image, launch.data_disks_gb)):
        return verdict
    if len(launch.data_disks_gb) > MAX_DATA_DISKS:
        return refuse(
            "data-disk-count", _("A server has at most %(limit)s data disks."), limit=MAX_DATA_DISKS
        )
    return first_refusal(fits_data_disk(size_gb) for size_gb in launch.data_disks_gb)


def fit_data_images(
    image: Image, sizes_gb: Sequence[int], images: Sequence[Image | None], actor: Actor
) -> Verdict:
    """Each makes disks and fits its disk, and is used once in a server (§2.5). Disks of a full-ECS image have theirs."""
    brought, chosen = len(data_disks_gb_of(image)), [each for each in images if each]
    if any(images[:brought]) or len(images) > len(sizes_gb):
        return refuse(
            "data-image-place",
            _("The first data disks come with the full-ECS image and cannot be made of another one."),
        )
    if len({each.pk for each in chosen}) < len(chosen):
        return refuse(
            "data-image-twice", _("A data disk image can be used only once in a server. Choose another one.")
        )
    return first_refusal(
        can_create_disk_from(each, actor) and fits_image(each, size_gb)
        for size_gb, each in zip(sizes_gb, images, strict=False)
        if each
    )


def _fits_count(launch: Launch) -> Verdict:
    if 1 <= launch.count <= MAX_COUNT:
        return ALLOWED
    return refuse("server-count", _("1 to %(limit)s servers can be created in one go."), limit=MAX_COUNT)


def is_here(launch: Launch, actor: Actor) -> Verdict:
    """The zone is one of the region, the key pair one of the project."""
    if launch.zone.region_id != actor.region.pk:
        return refuse(
            "other-region", _("The availability zone is in another region. Choose one of this region.")
        )
    if not (verdict := is_usable_in(launch.image, launch.zone.pk)):
        return verdict
    if launch.key_pair and launch.key_pair.project_id != actor.project.pk:
        return refuse(
            "other-project", _("The key pair belongs to another project. Choose one of this project.")
        )
    return ALLOWED


def fits_host(launch: Launch, host: Host) -> Verdict:
    """All of them start at once. Where nothing can be started, no memory is needed."""
    if not host.capabilities.accelerator:
        return ALLOWED
    return fits_memory(launch.flavor.memory_mb * launch.count, host)


def is_usable_in(image: Image, zone_id: object) -> Verdict:
    """Until its backup is complete a full-ECS image is usable in the AZ of the server only (R96)."""
    if image.only_zone is None or image.only_zone.pk == zone_id:
        return ALLOWED
    return refuse(
        "only-in-zone",
        _(
            "The image is available in %(zone)s only, until the backup it is made through is complete. Choose that "
            "AZ, or wait."
        ),
        zone=image.only_zone,
    )
