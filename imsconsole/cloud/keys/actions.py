"""What may be done with an encryption key, and with a grant of it."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.keys.rules import (
    can_cancel_key_deletion,
    can_create_key,
    can_disable_key,
    can_edit_key,
    can_enable_key,
    can_grant_key,
    can_revoke_grant,
    can_schedule_key_deletion,
)
from imsconsole.core.actions import MORE, ROW, Action

KEY_ACTIONS = (
    Action(_("Grant"), "keys:grant", can_grant_key, "share", key="s", style="primary"),
    Action(_("Modify"), "keys:edit", can_edit_key, "pencil", key="e", where=(ROW, MORE)),
    Action(_("Enable"), "keys:enable", can_enable_key, "play", method="post", where=(ROW, MORE)),
    Action(_("Disable"), "keys:disable", can_disable_key, "stop", asks=True, where=(ROW, MORE)),
    Action(_("Schedule deletion"), "keys:schedule-deletion", can_schedule_key_deletion, "trash", key="d", asks=True,
        where=(ROW, MORE)),
    Action(_("Cancel deletion"), "keys:cancel-deletion", can_cancel_key_deletion, "arrow-uturn-left",
        method="post", where=(ROW, MORE)),
)  # fmt: skip
GRANT_ACTIONS = (
    Action(_("Revoke"), lambda grant: reverse("keys:revoke", args=[grant.key_id, grant.pk]), can_revoke_grant,
        asks=True),
)  # fmt: skip
KEY_LIST_ACTIONS = (Action(_("Create key"), "keys:create", can_create_key, "plus", style="primary"),)
