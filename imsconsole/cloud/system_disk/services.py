"""Undo a change of OS, or delete the former system disk now."""

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.cloud.models import Disk, Server
from imsconsole.cloud.servers.states import change_status
from imsconsole.cloud.system_disk.jobs import DeleteKeptDisk, UndoChangeOs
from imsconsole.cloud.system_disk.rules import can_delete_kept_disk, can_undo_change_os
from imsconsole.core.errors import NotFound
from imsconsole.core.locks import locked
from imsconsole.jobs.start import start_job


@service("undoChangeOs")
def undo_change_os(disk: Disk, *, actor: Actor) -> Server:
    """Bring a kept system disk back; a running server is stopped first. Raises Refused, NotFound, Conflict."""
    disk, server = _locked(disk, actor)
    can_undo_change_os(disk, actor).require()
    former = server.disks.attached().get(role=Disk.Role.SYSTEM)
    start_job(UndoChangeOs, server, actor=actor, disk_id=str(disk.pk), former_id=str(former.pk))
    return change_status(server, UndoChangeOs.busy)


@service("deleteKeptDisk")
def delete_kept_disk(disk: Disk, *, actor: Actor) -> Disk:
    """Delete a former system disk; after that there is no undo. Raises Refused, NotFound, Conflict."""
    disk, _ = _locked(disk, actor)
    can_delete_kept_disk(disk, actor).require()
    start_job(DeleteKeptDisk, disk, actor=actor)
    disk.status = Disk.Status.DELETING
    disk.save(update_fields=["status"])
    return disk


def _locked(disk: Disk, actor: Actor) -> tuple[Disk, Server]:
    """The disk and its server as they are now; the server's row is locked. Raises NotFound."""
    server = locked(Server.objects.for_change(actor), disk.server_id)
    row = Disk.objects.existing().filter(pk=disk.pk, server=server).first()
    if row is None:
        raise NotFound
    row.server = server
    return row, server
