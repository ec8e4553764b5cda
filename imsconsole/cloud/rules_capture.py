"""May an image be made of a server's disks? Who, then the server's state, then the disk (ims-facts §2.1, §2.3, §2.5)."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.keys.rules import can_unlock, can_unlock_system
from imsconsole.cloud.models import Disk, Server
from imsconsole.cloud.servers.rules import is_idle as server_is_idle
from imsconsole.cloud.volumes.rules import is_data_disk, is_idle
from imsconsole.core.rules import ALLOWED, Verdict, first_refusal, refuse

LARGEST_GB = 1024  # R31
SOURCES = (Server.Status.RUNNING, Server.Status.STOPPED)


def can_capture_server(server: Server, actor: Actor) -> Verdict:
    """A system disk image is made of a running or stopped server that has no task (R8, R30, R35), while the key of
    its system disk can be used (R90).
    """
    return may_write(actor) and is_source(server) and can_unlock_system(server, actor)


def can_capture_disk(disk: Disk, actor: Actor) -> Verdict:
    """An image is made of a disk that is attached to such a server, or to none (§2.3; R30, R31, R35, R90)."""
    return (
        may_write(actor)
        and is_idle(disk)
        and _is_there(disk)
        and (is_source(disk.server) if disk.server else ALLOWED)
        and is_small_enough(disk)
        and can_unlock(disk, actor)
    )


def can_capture_disks(disks: Sequence[Disk], actor: Actor) -> Verdict:
    """Data disk images are made of data disks of one server, or of one disk that no server has (R38)."""
    if not disks:
        return may_write(actor) and refuse("no-disk", _("Choose at least one data disk."))
    if not (verdict := may_write(actor) and first_refusal(*(is_data_disk(disk) for disk in disks))):
        return verdict
    if not (verdict := first_refusal(*(can_capture_disk(disk, actor) for disk in disks))):
        return verdict
    if len({disk.server_id for disk in disks}) > 1 or (len(disks) > 1 and disks[0].server is None):
        return refuse(
            "several-servers",
            _(
                "Disks that become images together must be attached to the same server. Choose those of one "
                "server, or begin with one disk."
            ),
        )
    return ALLOWED


def is_source(server: Server) -> Verdict:
    """Running or stopped, and without a task (R30, R35)."""
    if not (verdict := server_is_idle(server)):
        return verdict
    if server.status in SOURCES and server.ref:
        return ALLOWED
    if server.status in SOURCES:
        return refuse("server-without-disk", _("The server has no system disk an image could be made of."))
    return refuse(
        "server-no-source",
        _("Images are made of running and stopped servers. This one is in state “%(status)s”.")
        % {"status": server.get_status_display()},
    )


def is_small_enough(disk: Disk) -> Verdict:
    """R31."""
    if disk.size_gb <= LARGEST_GB:
        return ALLOWED
    return refuse(
        "disk-too-large-for-image",
        _(
            "The disk has %(size)s GB. Images are made of disks of up to %(limit)s GB; for larger ones make a "
            "full-ECS image of the server."
        )
        % {"size": disk.size_gb, "limit": LARGEST_GB},
    )


def _is_there(disk: Disk) -> Verdict:
    if disk.status in (Disk.Status.IN_USE, Disk.Status.AVAILABLE) and disk.ref:
        return ALLOWED
    return refuse(
        "disk-no-source",
        _("Images are made of disks that are in use or available. This one is in state “%(status)s”.")
        % {"status": disk.get_status_display()},
    )
