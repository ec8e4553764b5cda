"""Agencies of the project one is in: given on its page, and taken back."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from imsconsole.accounts import rules
from imsconsole.accounts.access import ActorRequest, post_view
from imsconsole.accounts.kept_forms import back_with
from imsconsole.accounts.models import Agency, Project
from imsconsole.accounts.services.agencies import create_agency as create
from imsconsole.accounts.services.agencies import revoke_agency as revoke

HERE = "project"


@post_view
def create_agency(request: ActorRequest) -> HttpResponse:
    rules.can_create_agency(request.actor).require()
    wanted = request.POST.get("grantee", "")
    projects = Project.objects.filter(account=request.actor.account)
    grantee = next((project for project in projects if str(project.pk) == wanted), None)
    if grantee is None:
        messages.warning(request, _("Choose the project that may place images here."))
        return redirect(HERE)
    agency = create(grantee=grantee, actor=request.actor)
    messages.success(
        request, _("The project %(name)s may now copy images to this one.") % {"name": agency.grantee}
    )
    return redirect(back_with(request, request.actor.project.pk) or HERE)


@post_view
def revoke_agency(request: ActorRequest, agency_id: UUID) -> HttpResponse:
    agency = get_object_or_404(Agency.objects.visible_to(request.actor), pk=agency_id)
    revoke(agency, actor=request.actor)
    messages.success(
        request, _("The project %(name)s can no longer copy images to this one.") % {"name": agency.grantee}
    )
    return redirect(HERE)
