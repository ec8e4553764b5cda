"""Backups as they are now, locked until the transaction ends."""

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import Backup
from imsconsole.core.errors import NotFound


def locked_backup(backup_id: object, actor: Actor) -> Backup:
    """The backup as it is now; its row is locked. Raises NotFound."""
    rows = (
        Backup.objects.visible_to(actor)
        .existing()
        .select_related("project", "vault", "zone", "image__os_version")
    )
    row: Backup | None = rows.select_for_update(of=("self",), no_key=True).filter(pk=backup_id).first()
    if row is None:
        raise NotFound
    return row
