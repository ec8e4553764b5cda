"""May a server's OS be changed to an image, or installed anew? The server first, then the image, then the whole order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from images.fields.rules import is_active
from images.launch.fit import fits, fits_system_disk
from images.launch.rules import has_login, is_usable_in
from images.models import Image
from images.product.rules import may_use_product
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.hosts import Host, host_of
from imsconsole.cloud.keys.rules import can_unlock, can_unlock_disks
from imsconsole.cloud.models import KeyPair, Server
from imsconsole.cloud.system_disk.rules import (
    can_change_os,
    can_reinstall_os,
    fits_its_start,
    is_stopped_first,
    memory_to_start_mb,
)
from imsconsole.core.edits import told_of
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.jobs.quotas import fits_quota, used_by


@dataclass(frozen=True)
class OsChange:
    """An order for a server's new system disk. `password_hash` is a crypt(3) hash."""

    server: Server
    image: Image
    system_disk_gb: int
    key_pair: KeyPair | None = None
    password_hash: str = ""
    user_data: str = ""
    stop_first: bool = False

    @property
    def quota(self) -> dict[str, int]:
        """The new disk stands beside the old one, which is kept (R122)."""
        return {"disks": 1, "disk_gb": self.system_disk_gb}


def least_gb(image: Image, present_gb: int) -> int:
    """The size of a new system disk when none is asked for: the present one, or the image's least if more."""
    return max(image.min_disk_gb, present_gb)


def can_become(server: Server, image: Image, actor: Actor, host: Host) -> Verdict:
    """Whether the server's system can be replaced by that image's, whatever else is chosen.

    Same region, neither ISO (R127) nor data disk image (R129), Normal, same boot mode (R125) and
    architecture (R126), fitting its flavor, its key usable (R90). Of a full-ECS image only the system disk
    counts (R128), in its AZ until its backup is complete (R96); of the market with its terms accepted (§2.16).
    """
    if image.region_id != actor.region.pk:
        return refuse("other-region", _("The image is in another region. Copy it to this region first."))
    return (
        _is_system(image)
        and is_usable_in(image, server.zone_id)
        and can_unlock(image, actor)
        and _boots_alike(server, image)
        and fits(image, server.flavor, host.capabilities)
        and may_use_product(image, actor, has_it=image.pk == server.image_id)
    )


def can_order_change(change: OsChange, actor: Actor, host: Host | None = None) -> Verdict:
    """The whole order. Hard only after `lock_project` and with the rows of server and region locked."""
    return can_change_os(change.server, actor) and _order(change, actor, host or host_of(actor.region))


def can_order_changes(changes: Iterable[OsChange], actor: Actor, host: Host | None = None) -> list[Verdict]:
    """Of each order what `can_order_change` will say once those before it have begun.

    Disks and memory are counted once, so that many orders cost as many queries as one.
    """
    host = host or host_of(actor.region)
    used: Mapping[str, int] = used_by(actor.project, ("disks", "disk_gb"))
    verdicts = []
    for change in changes:
        verdict = can_change_os(change.server, actor) and _order(change, actor, host, used)
        if verdict:
            used = {name: used[name] + amount for name, amount in change.quota.items()}
            host = host.less(memory_to_start_mb(change.server))
        verdicts.append(verdict)
    return verdicts


def can_order_reinstall(change: OsChange, actor: Actor, host: Host | None = None) -> Verdict:
    """The same with the server's own image and no other (R138)."""
    if not (verdict := can_reinstall_os(change.server, actor)):
        return verdict
    if change.image.pk != change.server.image_id:
        return refuse(
            "other-image", _("Reinstalling uses the original image. To use another, change the OS.")
        )
    return _order(change, actor, host or host_of(actor.region))


def _order(change: OsChange, actor: Actor, host: Host, used: Mapping[str, int] | None = None) -> Verdict:
    return (
        is_stopped_first(change.server, stop_first=change.stop_first)
        and _has_login(change, actor, host)
        and fits_change(change, actor, host, used)
    )


def fits_change(change: OsChange, actor: Actor, host: Host, used: Mapping[str, int] | None = None) -> Verdict:
    """Image and disk alone, whoever signs in to them. `used` is of the project's quotas, when that is known."""
    return (
        can_become(change.server, change.image, actor, host)
        and fits_system_disk(change.image, change.system_disk_gb)
        and fits_quota(actor.project, change.quota, used)
        and can_unlock_disks(change.server, actor, but_system=True)
        and fits_its_start(change.server, host)
    )


def _is_system(image: Image) -> Verdict:
    if image.type == Image.Type.ISO:
        return refuse(
            "iso-image",
            _("An ISO image installs a system, it does not hold one. Choose a system disk image."),
        )
    if image.type == Image.Type.DATA:
        return refuse(
            "data-image", _("A data disk image holds no operating system. Choose a system disk image.")
        )
    return is_active(image)


def _boots_alike(server: Server, image: Image) -> Verdict:
    if image.architecture != server.architecture:
        return refuse(
            "change-architecture",
            _(
                "The server's CPU is %(server)s and the image is made for %(image)s. Choose one for %(server)s."
            ),
            server=told_of(server, "architecture"),
            image=told_of(image, "architecture"),
        )
    if image.boot_mode != server.boot_mode:
        return refuse(
            "change-boot-mode",
            _(
                "The server boots by %(server)s and the image by %(image)s. Choose one that boots by %(server)s."
            ),
            server=told_of(server, "boot_mode"),
            image=told_of(image, "boot_mode"),
        )
    return ALLOWED


def _has_login(change: OsChange, actor: Actor, host: Host) -> Verdict:
    """A key pair of the project or a password, not both; without either, user data (R139)."""
    if change.key_pair and change.key_pair.project_id != actor.project.pk:
        return refuse(
            "other-project", _("The key pair belongs to another project. Choose one of this project.")
        )
    return has_login(change, host)
