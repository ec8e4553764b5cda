"""Mount an ISO image on a server: one page to choose on."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from images.mount.forms import MountForm
from images.mount.services import mount_iso
from imsconsole.accounts.access import ActorRequest, form_view
from imsconsole.cloud.servers.lookup import find_server
from imsconsole.cloud.tray.rules import can_mount_iso
from imsconsole.core.pickers import picks_of


@form_view
def mount(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    """The ISO images of the project, shared and public ones, and the answer."""
    server, actor = find_server(request, server_id), request.actor
    verdict = can_mount_iso(server, actor)
    typed = request.POST if request.method == "POST" else None
    form = MountForm(typed, initial={"image": request.GET.get("image")}, actor=actor)
    if typed is not None and not form.is_refreshed:
        verdict.require()
    if form.is_valid():
        server = mount_iso(server, image=form.cleaned_data["image"], actor=actor)
        said = _("The ISO “%(iso)s” is being mounted on “%(server)s”.")
        messages.success(request, said % {"iso": form.cleaned_data["image"].name, "server": server.name})
        return redirect(server)
    if picks := picks_of(request, form):
        return picks
    context = {"active": "servers", "server": server, "form": form, "verdict": verdict}
    return render(request, "images/mount/mount.html", context, status=422 if form.errors else 200)
