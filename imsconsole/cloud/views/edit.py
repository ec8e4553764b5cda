"""Rename a server, and let it start with its host."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from imsconsole.accounts.access import ActorRequest, signed_in
from imsconsole.cloud.forms import RenameForm
from imsconsole.cloud.servers.lookup import find_server
from imsconsole.cloud.servers.rules import can_rename
from imsconsole.cloud.servers.services import rename_server, set_auto_start


@signed_in
def rename(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    """The form, and its answer."""
    server = find_server(request, server_id)
    form = RenameForm(request.POST if request.method == "POST" else None, initial={"name": server.name})
    if request.method == "POST" and form.is_valid():
        server = rename_server(server, name=form.cleaned_data["name"], actor=request.actor)
        messages.success(request, _("The server is called “%(name)s” now.") % {"name": server.name})
        return redirect(server)
    verdict = can_rename(server, request.actor)
    context = {"active": "servers", "server": server, "form": form, "verdict": verdict}
    return render(request, "servers/rename.html", context, status=422 if form.errors else 200)


@require_POST
@signed_in
def auto_start(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    """Switch it on or off."""
    wanted = request.POST.get("auto_start") == "on"
    server = set_auto_start(find_server(request, server_id), auto_start=wanted, actor=request.actor)
    messages.success(
        request,
        _("The server starts with its host now.")
        if wanted
        else _("The server no longer starts with its host."),
    )
    return redirect(server)
