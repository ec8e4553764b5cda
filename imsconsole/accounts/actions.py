"""What may be done in an account, to its members and to a project's agencies."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.rules import (
    can_create_agency,
    can_invite,
    can_leave_account,
    can_remove_member,
    can_revoke_agency,
)
from imsconsole.core.actions import Action

PROJECT_ACTIONS = (
    Action(_("Invite someone"), "invite", can_invite, "user-plus", style="primary"),
    Action(_("Create agency"), "create-agency", can_create_agency, method="post", where=("create-agency",)),
)
AGENCY_ACTIONS = (
    Action(_("Revoke"), "revoke-agency", can_revoke_agency, method="post", where=("agencies",)),
)
MEMBER_ACTIONS = (
    Action(_("Remove from the account"), "remove-member", can_remove_member, asks=True, style="danger"),
)
ONESELF_ACTIONS = (
    Action(_("Leave the account"), lambda _membership: reverse("leave-account"), can_leave_account, asks=True,
        where=("members",)),
)  # fmt: skip
