"""Start, stop, restart, rename, delete a server."""

from collections.abc import Sequence
from typing import Any

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.cloud.models import Server
from imsconsole.cloud.names import server_name
from imsconsole.cloud.servers.jobs import (
    DeleteServer,
    PowerKind,
    RebootServer,
    StartServer,
    StopServer,
    force,
    waiting_jobs,
)
from imsconsole.cloud.servers.rules import (
    can_delete,
    can_force_off,
    can_force_reboot,
    can_reboot,
    can_rename,
    can_set_auto_start,
    can_start,
    can_stop,
    can_tag_server,
    is_idle,
)
from imsconsole.cloud.servers.states import change_status
from imsconsole.cloud.tags.services import Tagging
from imsconsole.core.locks import locked
from imsconsole.jobs.models import Job
from imsconsole.jobs.start import start_job

TAGS = Tagging[Server](Server.objects.for_change, can_tag_server)


@service("startServer")
def start_server(server: Server, *, actor: Actor) -> Server:
    """Start a stopped server. Raises Refused, Conflict."""
    server = locked(Server.objects.for_change(actor), server.pk)
    can_start(server, actor).require()
    return _begin(StartServer, server, actor)


@service("stopServer")
def stop_server(server: Server, *, actor: Actor) -> Server:
    """Ask the guest to power off; after IMS_STOP_TIMEOUT_S the power is cut."""
    server = locked(Server.objects.for_change(actor), server.pk)
    can_stop(server, actor).require()
    return _begin(StopServer, server, actor)


@service("rebootServer")
def reboot_server(server: Server, *, actor: Actor) -> Server:
    """Restart the guest's system."""
    server = locked(Server.objects.for_change(actor), server.pk)
    can_reboot(server, actor).require()
    return _begin(RebootServer, server, actor)


@service("forceOffServer")
def force_off_server(server: Server, *, actor: Actor) -> Server:
    """Cut the power at once; a stop that waits for the guest waits no longer."""
    waiting = waiting_jobs(StopServer, server)
    server = locked(Server.objects.for_change(actor), server.pk)
    can_force_off(server, actor).require()
    return _force(StopServer, waiting, server, actor)


@service("forceRebootServer")
def force_reboot_server(server: Server, *, actor: Actor) -> Server:
    """Cut the power and start again at once; a restart that waits for the guest waits no longer."""
    waiting = waiting_jobs(RebootServer, server)
    server = locked(Server.objects.for_change(actor), server.pk)
    can_force_reboot(server, actor).require()
    return _force(RebootServer, waiting, server, actor)


@service("deleteServer")
def delete_server(server: Server, *, delete_disks: bool, actor: Actor) -> Server:
    """Delete a server and its system disk; its data disks as well, or keep them as available disks."""
    server = locked(Server.objects.for_change(actor), server.pk)
    can_delete(server, actor).require()
    return _begin(DeleteServer, server, actor, delete_disks=delete_disks)


@service("renameServer")
def rename_server(server: Server, *, name: str, actor: Actor) -> Server:
    """Give a server another name. Raises ValidationError for one that is not allowed."""
    server = locked(Server.objects.for_change(actor), server.pk)
    can_rename(server, actor).require()
    server_name(name)
    server.name = name
    server.save(update_fields=["name"])
    return server


@service("updateServerAutoStart")
def set_auto_start(server: Server, *, auto_start: bool, actor: Actor) -> Server:
    """Whether the server is started again after its host was."""
    server = locked(Server.objects.for_change(actor), server.pk)
    can_set_auto_start(server, actor).require()
    server.auto_start = auto_start
    server.save(update_fields=["auto_start"])
    return server


def _force(kind: type[PowerKind], waiting: Sequence[Job], server: Server, actor: Actor) -> Server:
    if server.status != kind.busy:
        return _begin(kind, server, actor, is_forced=True)
    if not waiting:  # it began a moment ago
        is_idle(server).require()
    for job in waiting:
        force(job)
    return server


def _begin(kind: type[PowerKind], server: Server, actor: Actor, **args: Any) -> Server:
    start_job(kind, server, actor=actor, **args)
    return change_status(server, kind.busy)
