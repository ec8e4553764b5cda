"""What may be done with a server or a key pair: who, then state, then what the host can do."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.hosts import Host, host_of, is_able
from imsconsole.cloud.keys.rules import can_unlock_disks
from imsconsole.cloud.models import Server
from imsconsole.core.edits import told_of
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.core.sentences import refuse_as
from imsconsole.engine.types import Capabilities

BUSY = (
    Server.Status.CREATING,
    Server.Status.STARTING,
    Server.Status.STOPPING,
    Server.Status.REBOOTING,
    Server.Status.CHANGING_OS,
    Server.Status.REINSTALLING,
    Server.Status.RESTORING,
    Server.Status.RESIZING,
    Server.Status.DELETING,
)


def can_start(server: Server, actor: Actor, host: Host | None = None) -> Verdict:
    """A stopped server starts when its disks can be unlocked (R90), its host can run guests and its memory fits.

    `host` spares a query.
    """
    if not (verdict := may_change(server, actor)):
        return verdict
    if server.status == Server.Status.RUNNING:
        return refuse("already-running", _("The server is running already."))
    host = host or host_of(server.project.region_id)
    return (
        can_unlock_disks(server, actor)
        and can_run_guests(host.capabilities)
        and fits_memory(server.flavor.memory_mb, host)
    )


def can_start_each(servers: Sequence[Server], actor: Actor) -> list[Verdict]:
    """Each as if it were the only one: how many fit into the memory is seen when they start."""
    if not servers:
        return []
    host = host_of(actor.region)
    return [can_start(server, actor, host) for server in servers]


def can_stop(server: Server, actor: Actor) -> Verdict:
    """Only a running server can be stopped."""
    return may_change(server, actor) and _runs(server)


def can_reboot(server: Server, actor: Actor) -> Verdict:
    """Only a running server can be restarted, and only while its disks could be unlocked again (R90)."""
    return may_change(server, actor) and _runs(server) and can_unlock_disks(server, actor)


def can_force_off(server: Server, actor: Actor) -> Verdict:
    """The power of a running server can be cut, also while its system is being asked to power off and does not."""
    return _may_force(server, actor, Server.Status.STOPPING)


def can_force_reboot(server: Server, actor: Actor) -> Verdict:
    """As `can_force_off`, and only while its disks could be unlocked again (R90)."""
    return _may_force(server, actor, Server.Status.REBOOTING) and can_unlock_disks(server, actor)


def can_resize(server: Server, actor: Actor, host: Host | None = None) -> Verdict:
    """Stopped, or running (C12: a box stops it first), where its host can do it. `host` spares asking for that."""
    return may_change(server, actor) and has_machine(server) and is_able("resize", host or actor.region)


def can_rename(server: Server, actor: Actor) -> Verdict:
    """A server may be renamed in every state: the guest keeps the host name it was born with."""
    if not (verdict := may_write(actor)):
        return verdict
    if server.status == Server.Status.DELETING:
        return _busy(server)
    return ALLOWED


def can_tag_server(server: Server, actor: Actor) -> Verdict:
    """Its tags may be changed in every state but while it is deleted."""
    return can_rename(server, actor)


def can_set_auto_start(server: Server, actor: Actor) -> Verdict:
    """Starting with the host can be chosen in every state but while it is deleted."""
    return can_rename(server, actor)


def can_delete(server: Server, actor: Actor) -> Verdict:
    """Running, stopped and failed servers can be deleted; no work may be running on them (R130)."""
    return may_write(actor) and is_idle(server)


def can_open_screen(server: Server, actor: Actor) -> Verdict:
    """Whoever sees a server may look at its screen while it runs, also while its system comes down."""
    return can_show_screen(server, actor) and _is_on(server)


def can_show_screen(_server: Server, actor: Actor) -> Verdict:
    """The way to the screen is open where there is one, whatever the server's state."""
    return is_able("screen", actor.region)


def can_open_serial(server: Server, actor: Actor) -> Verdict:
    """As `can_open_screen`, of what can be typed at."""
    return is_able("serial", actor.region) and _is_on(server)


def _is_on(server: Server) -> Verdict:
    return ALLOWED if server.has_screen else refuse_as("server-not-running")


def can_run_guests(capabilities: Capabilities) -> Verdict:
    """Without QEMU servers exist, with real disks, but none can be started (design §5)."""
    if capabilities.accelerator:
        return ALLOWED
    if capabilities.missing:
        return refuse_as("qemu-missing", package=", ".join(capabilities.missing))
    return refuse_as("no-guests")


def fits_memory(memory_mb: int, host: Host) -> Verdict:
    """All running guests together must fit the host's memory (IMS_GUEST_MEMORY_MB), where that is known."""
    if host.free_memory_mb is None or memory_mb <= host.free_memory_mb:
        return ALLOWED
    return refuse_as("no-guest-memory", needed_mb=memory_mb, free_mb=host.free_memory_mb)


def may_change(server: Server, actor: Actor) -> Verdict:
    """Who writes may change a server that exists while nothing else is done to it (R130)."""
    if not (verdict := may_write(actor) and is_idle(server)):
        return verdict
    if server.status == Server.Status.FAILED:
        return refuse("server-failed", _("The server could not be created. Delete it and create a new one."))
    return ALLOWED


def has_machine(server: Server) -> Verdict:
    """Not one whose machine could not be made again when its system disk was exchanged."""
    return refuse_as("no-machine") if server.status == Server.Status.NO_MACHINE else ALLOWED


def is_permanent(server: Server) -> Verdict:
    """Temporary servers are for installing a system: no further disks, no other OS (R66, R67)."""
    if not server.is_temporary:
        return ALLOWED
    return refuse(
        "temporary-server",
        _(
            "This is a temporary server for installing a system. Create an image from its system disk, and "
            "servers from that image."
        ),
    )


def is_idle(server: Server) -> Verdict:
    """Nothing is done to it, and nothing is made of it (R35, R130)."""
    if server.status in BUSY:
        return _busy(server)
    if server.task:
        return refuse(
            "server-task",
            _("The server has a task: %(task)s. Please wait until that has finished, or cancel its job."),
            task=told_of(server, "task"),
        )
    return ALLOWED


def _busy(server: Server) -> Verdict:
    """No parallel operation on a server (R130)."""
    return refuse(
        "server-busy",
        _("The server is in state “%(status)s”. Please wait until that has finished."),
        status=told_of(server, "status"),
    )


def _may_force(server: Server, actor: Actor, waits: Server.Status) -> Verdict:
    if server.status == waits:
        return may_write(actor)
    return may_change(server, actor) and _runs(server)


def _runs(server: Server) -> Verdict:
    if server.status == Server.Status.RUNNING:
        return ALLOWED
    return refuse_as("server-not-running")
