"""The bar that says what may be done with the chosen servers."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from imsconsole.accounts.access import ActorRequest, signed_in
from imsconsole.cloud.models import Server
from imsconsole.cloud.system_disk.rules import can_change_os
from imsconsole.core.selection import part, picked_ids


@signed_in
@require_POST  # IDs do not fit into an address; nothing is changed
def show_selection(request: ActorRequest) -> HttpResponse:
    picked = picked_ids(request.POST)
    servers = Server.objects.visible_to(request.actor).existing().filter(pk__in=picked)
    parted = part(servers, lambda server: can_change_os(server, request.actor))
    found = {server.pk for server in servers}
    context = {"parted": parted, "gone": set(picked) - found}
    return render(request, "servers/_selection.html", context)
