"""Change a server's OS, or install it anew."""

from dataclasses import replace

from images.change_os.rules import OsChange, can_order_change, can_order_reinstall, least_gb
from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.accounts.models import Region
from imsconsole.cloud.models import Disk, KeyPair, Server
from imsconsole.cloud.servers.states import change_status
from imsconsole.cloud.stored.rows import use_stored
from imsconsole.cloud.system_disk.jobs import ChangeOs, ReinstallOs
from imsconsole.core.locks import locked
from imsconsole.jobs.quotas import lock_project
from imsconsole.jobs.start import start_job


@service("changeOs")
def change_os(
    server: Server,
    *,
    actor: Actor,
    image: Image,
    system_disk_gb: int | None = None,
    key_pair: KeyPair | None = None,
    password_hash: str = "",
    user_data: str = "",
    stop_first: bool = False,
) -> Server:
    """Replace a server's system by that of an image; the old disk is kept for undo.

    `system_disk_gb` is the present size, or the image's least if that is more, when not given;
    `stop_first` says that a running server may be stopped. Raises Refused, NotFound, Conflict.
    """
    typed = OsChange(server, image, system_disk_gb or 0, key_pair, password_hash, user_data, stop_first)
    change = _locked(typed, actor)
    can_order_change(change, actor).require()
    return _begin(ChangeOs, change, actor)


@service("reinstallOs")
def reinstall_os(
    server: Server,
    *,
    actor: Actor,
    system_disk_gb: int | None = None,
    key_pair: KeyPair | None = None,
    password_hash: str = "",
    user_data: str = "",
    stop_first: bool = False,
) -> Server:
    """Install the server's original image anew (R138), as `change_os` does."""
    typed = OsChange(
        server, server.image, system_disk_gb or 0, key_pair, password_hash, user_data, stop_first
    )
    change = _locked(typed, actor)
    can_order_reinstall(change, actor).require()
    return _begin(ReinstallOs, change, actor)


def _locked(change: OsChange, actor: Actor) -> OsChange:
    """The order with its rows as they are now, locked with the project's quota and the region's memory.

    An image that was deleted or is no longer shared is not there (R138). Raises NotFound.
    """
    lock_project(actor.project)
    locked(Region.objects.all(), actor.region.pk)
    image = locked(
        Image.objects.visible_to(actor).select_related("os_version", "backup__zone", "key"), change.image.pk
    )
    server = locked(Server.objects.for_change(actor).select_related("image"), change.server.pk)
    return replace(
        change, image=image, server=server, system_disk_gb=change.system_disk_gb or _least_gb(server, image)
    )


def _least_gb(server: Server, image: Image) -> int:
    present = server.disks.attached().filter(role=Disk.Role.SYSTEM).first()
    return least_gb(image, present.size_gb if present else 0)


def _begin(kind: type[ChangeOs], change: OsChange, actor: Actor) -> Server:
    server = change.server
    former = server.disks.attached().get(role=Disk.Role.SYSTEM)
    disk = _new_disk(change)
    stored = change.image.disks.earliest("index")
    job = start_job(
        kind,
        server,
        actor=actor,
        disk_id=str(disk.pk),
        former_id=str(former.pk),
        image_ref=stored.ref,
    )
    use_stored(job, [stored])
    return change_status(server, kind.busy)


def _new_disk(change: OsChange) -> Disk:
    """The row of the new system disk, beside the server; its login is taken over with it."""
    server, pair = change.server, change.key_pair
    disk = Disk(
        project=server.project,
        zone=server.zone,
        name=f"{server.name}-system",
        role=Disk.Role.SYSTEM,
        size_gb=change.system_disk_gb,
        server=server,
        image=change.image,
        key=change.image.key,
        multi_queue=change.image.nic_multi_queue,
        secure_boot=change.image.secure_boot,
        tpm=change.image.tpm,
        beside=True,
        login={
            "key_pair": str(pair.pk) if pair else "",
            "ssh_key": pair.public_key if pair else "",
            "password_hash": change.password_hash,
            "user_data": change.user_data,
        },
    )
    disk.instance_id = f"{server.pk}-{disk.pk.hex[:8]}"
    disk.save(force_insert=True)
    return disk
