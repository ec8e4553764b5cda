"""What may be done with a vault."""

from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.backups.vaults.rules import can_create_vault, can_delete_vault, can_edit_vault
from imsconsole.core.actions import Action

VAULT_ACTIONS = (
    Action(_("Modify"), "vaults:edit", can_edit_vault, "pencil", key="e"),
    Action(_("Delete"), "vaults:delete", can_delete_vault, "trash", key="d", asks=True),
)
VAULT_LIST_ACTIONS = (Action(_("Create vault"), "vaults:create", can_create_vault, "plus", style="primary"),)
