"""What may be done with a backup."""

from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.backups.rules import (
    can_become_image,
    can_create_backup,
    can_delete_backup,
    can_restore_backup,
)
from imsconsole.core.actions import Action

BACKUP_ACTIONS = (
    Action(_("Restore"), "backups:restore", can_restore_backup, "arrow-uturn-left", key="r"),
    Action(_("Create image"), "images:create-full-of-backup", can_become_image, "square-3-stack-3d",
        query="backup"),
    Action(_("Delete"), "backups:delete", can_delete_backup, "trash", key="d", asks=True),
)  # fmt: skip
BACKUP_LIST_ACTIONS = (
    Action(_("Create backup"), "backups:create", can_create_backup, "plus", style="primary"),
)
