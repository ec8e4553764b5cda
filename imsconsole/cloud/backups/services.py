"""What is done with backups. Each asks its rule with the backup's row locked."""

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.accounts.models import Region
from imsconsole.cloud.backups.jobs import DeleteBackup
from imsconsole.cloud.backups.jobs_create import CreateBackup
from imsconsole.cloud.backups.jobs_restore import RestoreBackup
from imsconsole.cloud.backups.making import begin_backup, disks_beside, new_backup
from imsconsole.cloud.backups.rules import (
    can_back_up,
    can_back_up_into,
    can_delete_backup,
    can_restore_to,
    fits_store,
)
from imsconsole.cloud.models import Backup, BackupSchedule, Disk, Server, Vault
from imsconsole.cloud.servers.states import change_status
from imsconsole.cloud.stored.rows import use_stored
from imsconsole.core.locks import locked
from imsconsole.jobs.quotas import lock_project
from imsconsole.jobs.start import start_job


@service("createBackup")
def create_backup(
    server: Server, *, vault: Vault, name: str, schedule: BackupSchedule | None = None, actor: Actor
) -> Backup:
    """Back up all disks of a server, which may run on, into a vault. Raises Refused, NotFound, ValidationError (name).

    `schedule` is the one that has it made, and deletes it again.
    """
    lock_project(actor.project)
    server = locked(Server.objects.for_change(actor), server.pk)
    vault = locked(Vault.objects.for_change(actor), vault.pk)
    can_back_up_into(server, vault, actor).require()
    backup = new_backup(server, name, actor, vault=vault, schedule=schedule)
    begin_backup(CreateBackup, backup, backup, actor)
    return backup


@service("createBackup")
def create_legacy_backup(server: Server, *, name: str, actor: Actor) -> Backup:
    """A backup as CSBS made them, without a vault: for operators, who bring old data in. Raises Refused, NotFound."""
    lock_project(actor.project)
    server = locked(Server.objects.for_change(actor), server.pk)
    (can_back_up(server, actor) and fits_store(server, actor)).require()
    backup = new_backup(server, name, actor, vault=None)
    begin_backup(CreateBackup, backup, backup, actor)
    return backup


@service("deleteBackup")
def delete_backup(backup: Backup, *, actor: Actor) -> Backup:
    """Delete a backup and its bytes. Raises Refused, NotFound, Conflict."""
    backup = locked(Backup.objects.for_change(actor), backup.pk)
    can_delete_backup(backup, actor).require()
    start_job(DeleteBackup, backup, actor=actor, backup_id=str(backup.pk))
    backup.status = Backup.Status.DELETING
    backup.save(update_fields=["status"])
    return backup


@service("restoreBackup")
def restore_backup(backup: Backup, *, stop_first: bool = False, actor: Actor) -> Server:
    """Bring the server of a backup back to it; its present disks are kept. Raises Refused, NotFound, Conflict.

    `stop_first` says that a running server may be stopped. It is started afterwards.
    """
    lock_project(actor.project)
    locked(Region.objects.all(), actor.region.pk)
    server = locked(Server.objects.for_change(actor), backup.server_id)
    backup = locked(Backup.objects.for_change(actor), backup.pk)
    can_restore_to(backup, server, actor, stop_first=stop_first).require()
    former = server.disks.attached().get(role=Disk.Role.SYSTEM)
    disks = disks_beside(server, backup)
    backup.status = Backup.Status.RESTORING
    backup.save(update_fields=["status"])
    job = start_job(
        RestoreBackup,
        server,
        actor=actor,
        backup_id=str(backup.pk),
        disk_id=next(str(disk.pk) for disk in disks if disk.role == Disk.Role.SYSTEM),
        former_id=str(former.pk),
        disks={str(disk.pk): str(source.pk) for disk, source in disks.items()},
        holds={str(backup.pk): True},
    )
    use_stored(job, disks.values())
    return change_status(server, RestoreBackup.busy)
