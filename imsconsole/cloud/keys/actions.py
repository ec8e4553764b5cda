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
from imsconsole.core.actions import EMPTY, MORE, PAGE, ROW, Action

KEY_ACTIONS = (
    Action(_("Grant"), "keys:grant", can_grant_key, style="primary", icon="share"),
    Action(_("Modify"), "keys:edit", can_edit_key, icon="pencil", where=(ROW, MORE)),
    Action(_("Enable"), "keys:enable", can_enable_key, method="post", icon="play", where=(ROW, MORE)),
    Action(_("Disable"), "keys:disable", can_disable_key, asks=True, icon="stop", where=(ROW, MORE)),
    Action(
        _("Schedule deletion"),
        "keys:schedule-deletion",
        can_schedule_key_deletion,
        asks=True,
        icon="trash",
        where=(ROW, MORE),
    ),
    Action(
        _("Cancel deletion"),
        "keys:cancel-deletion",
        can_cancel_key_deletion,
        method="post",
        icon="arrow-uturn-left",
        where=(ROW, MORE),
    ),
)
GRANT_ACTIONS = (
    Action(
        _("Revoke"),
        lambda grant: reverse("keys:revoke", args=[grant.key_id, grant.pk]),
        can_revoke_grant,
        asks=True,
    ),
)
KEY_LIST_ACTIONS = (
    Action(_("Create key"), "keys:create", can_create_key, style="primary", icon="plus", where=(PAGE, EMPTY)),
)
