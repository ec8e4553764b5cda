"""What may be done with a key pair."""

from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.key_pairs.rules import can_create_key_pair, can_delete_key_pair
from imsconsole.core.actions import Action

KEY_PAIR_ACTIONS = (Action(_("Delete"), "keypairs:delete", can_delete_key_pair, "trash", key="d", asks=True),)
KEY_PAIR_LIST_ACTIONS = (
    Action(_("Import public key"), "keypairs:import", can_create_key_pair, "arrow-up-tray"),
    Action(_("Create key pair"), "keypairs:create", can_create_key_pair, "plus", style="primary"),
)
