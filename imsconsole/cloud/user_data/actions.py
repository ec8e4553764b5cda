"""What may be done with saved user data."""

from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.user_data.rules import can_create_user_data, can_delete_user_data, can_edit_user_data
from imsconsole.core.actions import Action

USER_DATA_ACTIONS = (
    Action(_("Modify"), "userdata:edit", can_edit_user_data, "pencil", key="e"),
    Action(_("Delete"), "userdata:delete", can_delete_user_data, "trash", key="d", asks=True),
)
USER_DATA_LIST_ACTIONS = (
    Action(_("Create user data"), "userdata:create", can_create_user_data, "plus", style="primary"),
)
