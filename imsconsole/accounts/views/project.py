"""The project one is in: its ID and the account's members."""

from django.http import HttpResponse

from imsconsole.accounts import rules
from imsconsole.accounts.access import ActorRequest, page_view
from imsconsole.accounts.actions import AGENCY_ACTIONS, ONESELF_ACTIONS, PROJECT_ACTIONS
from imsconsole.accounts.models import Invitation, Membership, Project
from imsconsole.accounts.tables import MembersTable
from imsconsole.core.actions import offered
from imsconsole.core.htmx import render_page
from imsconsole.core.tables import paged


@page_view
def project(request: ActorRequest) -> HttpResponse:
    """The project's ID (what one shares with, C16), quotas, members and open invitations."""
    actor = request.actor
    members = Membership.objects.visible_to(actor).select_related("user").prefetch_related("projects")
    own = members.get(user=request.user)
    context = {
        "active": "project",
        "table": paged(MembersTable, members, request),
        "invitations": Invitation.objects.visible_to(actor).open().prefetch_related("projects"),
        "agencies": [
            (agency, offered(AGENCY_ACTIONS, agency, actor))
            for agency in actor.project.agencies.select_related("project", "grantee__region")
        ],
        "received": actor.project.agencies_received.select_related("project__region"),
        "grantees": Project.objects.filter(account=actor.account)
        .exclude(region=actor.region)
        .exclude(agencies_received__project=actor.project)
        .select_related("region"),
        "can_create_agency": rules.can_create_agency(actor),
        "head": offered(PROJECT_ACTIONS, None, actor),
        "own": offered(ONESELF_ACTIONS, own, actor),
    }
    return render_page(request, "accounts/project.html", "components/table.html", context)
