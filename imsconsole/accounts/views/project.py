"""The project one is in: its ID, its members, and the switch to another one."""

import uuid

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from imsconsole.accounts.access import ActorRequest, signed_in
from imsconsole.accounts.actor import projects_of
from imsconsole.accounts.middleware import PROJECT_KEY


@signed_in
def project(request: ActorRequest) -> HttpResponse:
    return render(request, "accounts/project.html", {"active": "project"})


@require_POST
@signed_in
def switch_project(request: ActorRequest) -> HttpResponse:
    """Enter another project (and with it its region); a project one may not enter is not found."""
    entered = next((each for each in projects_of(request.user) if str(each.pk) == _wanted(request)), None)
    if entered is None:
        raise Http404
    request.session[PROJECT_KEY] = str(entered.pk)
    return HttpResponseRedirect(_next_of(request))


def _wanted(request: ActorRequest) -> str:
    try:
        return str(uuid.UUID(request.POST.get("project", "")))
    except ValueError as error:
        raise Http404 from error


def _next_of(request: ActorRequest) -> str:
    target = request.POST.get("next", "")
    local = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if local else "/"
