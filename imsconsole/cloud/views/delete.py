"""Delete a server, after asking what happens to its data disks."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from imsconsole.accounts.access import ActorRequest, signed_in
from imsconsole.cloud.forms import DeleteForm
from imsconsole.cloud.models import Disk
from imsconsole.cloud.servers.lookup import find_server
from imsconsole.cloud.servers.rules import can_delete
from imsconsole.cloud.servers.services import delete_server


@signed_in
def confirm_delete(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    """The question, and its answer."""
    server = find_server(request, server_id)
    form = DeleteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        delete_server(server, delete_disks=form.cleaned_data["delete_disks"], actor=request.actor)
        messages.success(request, _("“%(name)s” is being deleted.") % {"name": server.name})
        return redirect("servers:list")
    context = {
        "active": "servers",
        "server": server,
        "form": form,
        "data_disks": server.disks.existing().filter(role=Disk.Role.DATA),
        "verdict": can_delete(server, request.actor),
    }
    return render(request, "servers/delete.html", context)
