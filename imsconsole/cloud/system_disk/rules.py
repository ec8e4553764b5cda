"""May a server's system disk be exchanged? What images have to do with it is asked in `images.change_os.rules`."""

from typing import cast

from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.hosts import Host, host_of
from imsconsole.cloud.keys.rules import can_unlock, can_unlock_disks
from imsconsole.cloud.models import Disk, Server
from imsconsole.cloud.servers.rules import can_run_guests, fits_memory, is_idle, is_permanent
from imsconsole.core.edits import told_of
from imsconsole.core.now import now
from imsconsole.core.rules import ALLOWED, Verdict, refuse

Status = Server.Status


def can_change_os(server: Server, actor: Actor) -> Verdict:
    """Stopped, failed at it before, or running (C12: a box stops it first); with a system disk (R120, R121, R130).

    Not a temporary one (R66).
    """
    if not (verdict := may_write(actor) and is_idle(server)):
        return verdict
    if server.status == Status.FAILED or not (server.ref or server.status == Status.NO_MACHINE):
        return refuse(
            "no-system-disk",
            _("The server has no system disk whose OS could be changed. Delete it and create a new one."),
        )
    return is_permanent(server)


def can_reinstall_os(server: Server, actor: Actor) -> Verdict:
    """As `can_change_os`, and the image it came from is still there (R138). Load `server.image`."""
    if not (verdict := can_change_os(server, actor)):
        return verdict
    if server.has_lost_image:
        return refuse(
            "original-image-withdrawn",
            _(
                "The image this server came from is not shared with this project any more, and only it can be "
                "reinstalled. Change the OS to another image instead."
            ),
        )
    if server.image.status != "active":
        return refuse(
            "original-image-gone",
            _(
                "The image “%(name)s” this server came from is in state “%(status)s”, and only it can be "
                "reinstalled. Change the OS to another image instead."
            ),
            name=server.image.name,
            status=told_of(server.image, "status"),
        )
    return ALLOWED


def is_stopped_first(server: Server, *, stop_first: bool) -> Verdict:
    """A running server is only changed by those who said that it may be stopped (C12)."""
    if server.status != Status.RUNNING or stop_first:
        return ALLOWED
    return refuse(
        "stop-first", _("The server is running. Tick the box that stops it first, or stop it yourself.")
    )


def fits_its_start(server: Server, host: Host) -> Verdict:
    """It is started afterwards (R137), where guests can run at all."""
    needed_mb = memory_to_start_mb(server)
    if not needed_mb or not can_run_guests(host.capabilities):
        return ALLOWED
    return fits_memory(needed_mb, host)


def memory_to_start_mb(server: Server) -> int:
    """The memory its start takes of the host; one that runs already has its own."""
    return 0 if server.status == Status.RUNNING else server.flavor.memory_mb


def can_undo_change_os(disk: Disk, actor: Actor, host: Host | None = None) -> Verdict:
    """A kept system disk comes back until its day, in whatever state its server rests, if it can be unlocked (R90).

    `host` spares a query.
    """
    if not (verdict := may_write(actor) and is_kept(disk)):
        return verdict
    if disk.kept_until and disk.kept_until <= now():
        return refuse(
            "kept-too-long", _("The time for which this disk was kept is over: it is being deleted.")
        )
    server = cast(Server, disk.server)
    return (
        can_change_os(server, actor)
        and can_unlock(disk, actor)
        and can_unlock_disks(server, actor, but_system=True)
        and fits_its_start(server, host or host_of(actor.region))
    )


def can_delete_kept_disk(disk: Disk, actor: Actor) -> Verdict:
    """A kept system disk can be deleted at any time while nothing works on its server."""
    if not (verdict := may_write(actor) and is_kept(disk)):
        return verdict
    server = cast(Server, disk.server)
    return can_change_os(server, actor)


def is_kept(disk: Disk) -> Verdict:
    """Whether a disk is a former system disk that is kept."""
    if disk.status == Disk.Status.DELETING:
        return refuse("disk-deleting", _("This disk is being deleted. Nothing more can be done with it."))
    if disk.status != Disk.Status.KEPT or disk.deleted_at:
        return refuse("disk-not-kept", _("This disk is not a former system disk that is kept."))
    return ALLOWED
