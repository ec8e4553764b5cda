"""What is done with backups. Each asks its rule with the backup's row held."""

from imsconsole.accounts.actor import Actor
from imsconsole.audit.trail import service
from imsconsole.cloud.backups.jobs import DeleteBackup
from imsconsole.cloud.backups.locks import locked_backup
from imsconsole.cloud.backups.rules import can_delete_backup
from imsconsole.cloud.models import Backup
from imsconsole.jobs.start import start_job


@service("deleteBackup")
def delete_backup(backup: Backup, *, actor: Actor) -> Backup:
    """Delete a backup and its bytes. Raises Refused, NotFound, Conflict."""
    backup = locked_backup(backup.pk, actor)
    can_delete_backup(backup, actor).require()
    start_job(DeleteBackup, backup, actor=actor, backup_id=str(backup.pk))
    backup.status = Backup.Status.DELETING
    backup.save(update_fields=["status"])
    return backup
