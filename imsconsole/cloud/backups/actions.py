"""What may be done with a backup."""

from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.backups.rules import (
    can_become_image,
    can_create_backup,
    can_delete_backup,
    can_restore_backup,
)
from imsconsole.core.actions import EMPTY, PAGE, Action

BACKUP_ACTIONS = (
    Action(_("Restore"), "backups:restore", can_restore_backup, icon="arrow-uturn-left"),
    Action(
        _("Create image"),
        "images:create-full-of-backup",
        can_become_image,
        query="backup",
        icon="square-3-stack-3d",
    ),
    Action(_("Delete"), "backups:delete", can_delete_backup, asks=True, icon="trash"),
)
BACKUP_LIST_ACTIONS = (
    Action(
        _("Create backup"),
        "backups:create",
        can_create_backup,
        style="primary",
        icon="plus",
        where=(PAGE, EMPTY),
    ),
)
