"""What may be done with a disk: who, then what it is and its state, then its server; quota last. And may an image be made
of a server's disks? (ims-facts §2.1, §2.3, §2.5)
"""

from collections.abc import Sequence

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import AvailabilityZone
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.hosts import is_able
from imsconsole.cloud.keys.rules import can_encrypt_with, can_unlock, can_unlock_system
from imsconsole.cloud.models import Disk, Key, Server
from imsconsole.cloud.servers.rules import has_machine, is_permanent, may_change
from imsconsole.cloud.servers.rules import is_idle as server_is_idle
from imsconsole.core.edits import told_of
from imsconsole.core.rules import ALLOWED, Verdict, first_refusal, refuse
from imsconsole.jobs.quotas import fits_quota

MAX_DATA_DISKS = 8
Status = Disk.Status
WORKING = (
    Status.CREATING,
    Status.ATTACHING,
    Status.DETACHING,
    Status.GROWING,
    Status.CAPTURING,
    Status.DELETING,
)
LARGEST_CAPTURED_GB = 1024  # R31
CAPTURED_IN = (Server.Status.RUNNING, Server.Status.STOPPED)


def can_create_disk(actor: Actor) -> Verdict:
    """Creating disks needs a role that writes."""
    return may_write(actor)


def can_order_disk(size_gb: int, zone: AvailabilityZone, actor: Actor, key: Key | None = None) -> Verdict:
    """A blank data disk: its place, its size (C5) and key (R47, R90), then the quotas of disks and capacity (R122).

    Hard only after `lock_project`.
    """
    if not (verdict := may_write(actor)):
        return verdict
    if zone.region_id != actor.region.pk:
        return refuse(
            "other-region", _("The availability zone is in another region. Choose one of this region.")
        )
    return (
        fits_data_disk(size_gb)
        and (can_encrypt_with(key, actor) if key else ALLOWED)
        and fits_quota(actor.project, {"disks": 1, "disk_gb": size_gb})
    )


def fits_data_disk(size_gb: int) -> Verdict:
    """The limits of a data disk (C5)."""
    smallest, largest = settings.IMS_DATA_DISK_GB
    if smallest <= size_gb <= largest:
        return ALLOWED
    return refuse(
        "data-disk-size",
        _("A data disk has %(smallest)s to %(largest)s GB."),
        smallest=smallest,
        largest=largest,
    )


def can_rename_disk(disk: Disk, actor: Actor) -> Verdict:
    """A disk may be renamed in every state but while it is being deleted."""
    return may_write(actor) and (_busy(disk) if disk.status == Status.DELETING else ALLOWED)


def can_tag_disk(disk: Disk, actor: Actor) -> Verdict:
    """Its tags may be changed in every state but while it is being deleted."""
    return can_rename_disk(disk, actor)


def can_delete_disk(disk: Disk, actor: Actor) -> Verdict:
    """A data disk that belongs to no server; also one that never came about."""
    return may_write(actor) and is_data_disk(disk) and is_idle(disk) and is_free(disk)


def can_attach_disk(disk: Disk, actor: Actor) -> Verdict:
    """An available data disk that can be unlocked (R90). Which server takes it is asked by `can_attach_to`."""
    return may_write(actor) and is_attachable(disk) and can_unlock(disk, actor)


def can_take_disk(server: Server, actor: Actor, taken: int | None = None) -> Verdict:
    """A running or stopped server with fewer than 8 data disks takes another (R130); a temporary one none (R67).

    `taken` spares a query.
    """
    return (
        may_change(server, actor)
        and has_machine(server)
        and is_permanent(server)
        and has_place(server, taken)
    )


def can_attach_to(disk: Disk, server: Server, actor: Actor, taken: int | None = None) -> Verdict:
    """Disk and server each may, and are in the same AZ."""
    return (
        can_attach_disk(disk, actor) and can_take_disk(server, actor, taken) and is_in_same_zone(disk, server)
    )


def can_detach_disk(disk: Disk, actor: Actor) -> Verdict:
    """A data disk leaves a running or stopped server; a system disk never does."""
    if not (verdict := may_write(actor) and is_data_disk(disk) and is_idle(disk)):
        return verdict
    if disk.server is None:
        return refuse("disk-not-attached", _("The disk is not attached to a server."))
    return may_change(disk.server, actor) and has_machine(disk.server)


def can_grow_disk(disk: Disk, actor: Actor) -> Verdict:
    """System and data disks grow, attached or not, also while their server runs, if they can be unlocked (R90)."""
    if not (verdict := may_write(actor) and is_idle(disk) and _came_about(disk) and can_unlock(disk, actor)):
        return verdict
    if disk.beside:
        return _is_kept(disk)
    if disk.server is None:
        return ALLOWED
    return (
        may_change(disk.server, actor) and has_machine(disk.server) and is_able("grow_in_use", actor.region)
    )


def can_grow_to(disk: Disk, size_gb: int, actor: Actor) -> Verdict:
    """Larger than it is, within the limits of its role (C4, C5) and the quota of disk capacity (R122).

    Hard only after `lock_project`.
    """
    if not (verdict := can_grow_disk(disk, actor)):
        return verdict
    if size_gb <= disk.size_gb:
        return refuse(
            "disk-not-larger",
            _("A disk only grows: it has %(size)s GB, so choose at least %(least)s GB."),
            size=disk.size_gb,
            least=disk.size_gb + 1,
        )
    return _fits_role(disk, size_gb) and fits_quota(disk.project, {"disk_gb": size_gb - disk.size_gb})


def is_data_disk(disk: Disk) -> Verdict:
    """System disks belong to their server, also those that are kept beside it."""
    if disk.role == Disk.Role.DATA:
        return ALLOWED
    if disk.beside:
        return _is_kept(disk)
    return refuse(
        "system-disk",
        _("This is the system disk of a server. It stays with its server and is deleted with it."),
    )


def is_idle(disk: Disk) -> Verdict:
    """Nothing works on it."""
    return _busy(disk) if disk.status in WORKING else ALLOWED


def is_free(disk: Disk) -> Verdict:
    """It belongs to no server."""
    if disk.server is None:
        return ALLOWED
    if disk.status == Status.FAILED:
        return refuse(
            "disk-of-failed-server",
            _("The disk belongs to “%(server)s”, which could not be created. Delete that server."),
            server=disk.server,
        )
    return refuse(
        "disk-attached",
        _("The disk is attached to “%(server)s”. Detach it first."),
        server=disk.server,
    )


def is_attachable(disk: Disk) -> Verdict:
    """A data disk that came about and that no server has."""
    return is_data_disk(disk) and is_idle(disk) and is_free(disk) and _came_about(disk)


def has_place(server: Server, taken: int | None = None) -> Verdict:
    """A server has at most 8 data disks."""
    if taken is None:
        taken = server.disks.attached().filter(role=Disk.Role.DATA).count()
    if taken < MAX_DATA_DISKS:
        return ALLOWED
    return refuse("data-disk-count", _("A server has at most %(limit)s data disks."), limit=MAX_DATA_DISKS)


def is_in_same_zone(disk: Disk, server: Server) -> Verdict:
    """A disk is reached from its own AZ only."""
    if disk.zone_id == server.zone_id:
        return ALLOWED
    return refuse(
        "other-zone",
        _("The disk is in %(disk_zone)s and the server in %(server_zone)s. They must be in the same AZ."),
        disk_zone=disk.zone,
        server_zone=server.zone,
    )


def _came_about(disk: Disk) -> Verdict:
    if disk.status != Status.FAILED:
        return ALLOWED
    return refuse(
        "disk-failed", _("The disk could not be created. Retry its job, or delete it and create a new one.")
    )


def _is_kept(disk: Disk) -> Verdict:
    return refuse(
        "disk-kept",
        _(
            "This is a former system disk of “%(server)s”, kept so that the change of OS can be undone. "
            "Undo the change, or delete the disk."
        ),
        server=disk.server,
    )


def _busy(disk: Disk) -> Verdict:
    return refuse(
        "disk-busy",
        _("The disk is in state “%(status)s”. Please wait until that has finished."),
        status=told_of(disk, "status"),
    )


def _fits_role(disk: Disk, size_gb: int) -> Verdict:
    if disk.role == Disk.Role.DATA:
        return fits_data_disk(size_gb)
    smallest, largest = settings.IMS_SYSTEM_DISK_GB
    if size_gb <= largest:
        return ALLOWED
    return refuse(
        "system-disk-size",
        _("A system disk has %(smallest)s to %(largest)s GB."),
        smallest=smallest,
        largest=largest,
    )


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
    are_data_disks = first_refusal(is_data_disk(disk) for disk in disks)
    each = first_refusal(can_capture_disk(disk, actor) for disk in disks)
    if not (verdict := may_write(actor) and are_data_disks and each):
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
    if server.status in CAPTURED_IN and server.ref:
        return ALLOWED
    if server.status in CAPTURED_IN:
        return refuse("server-without-disk", _("The server has no system disk an image could be made of."))
    return refuse(
        "server-no-source",
        _("Images are made of running and stopped servers. This one is in state “%(status)s”."),
        status=told_of(server, "status"),
    )


def is_small_enough(disk: Disk) -> Verdict:
    """R31."""
    if disk.size_gb <= LARGEST_CAPTURED_GB:
        return ALLOWED
    return refuse(
        "disk-too-large-for-image",
        _(
            "The disk has %(size)s GB. Images are made of disks of up to %(limit)s GB; for larger ones make a "
            "full-ECS image of the server."
        ),
        size=disk.size_gb,
        limit=LARGEST_CAPTURED_GB,
    )


def _is_there(disk: Disk) -> Verdict:
    if disk.status in (Disk.Status.IN_USE, Disk.Status.AVAILABLE) and disk.ref:
        return ALLOWED
    return refuse(
        "disk-no-source",
        _("Images are made of disks that are in use or available. This one is in state “%(status)s”."),
        status=told_of(disk, "status"),
    )
