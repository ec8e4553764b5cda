"""Resize a server: one page that shows every flavor, what it changes, and takes the order."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from images.resize.forms import ResizeForm
from images.resize.services import resize_server
from imsconsole.accounts.access import ActorRequest, form_view
from imsconsole.cloud.hosts import host_of
from imsconsole.cloud.servers.lookup import find_server
from imsconsole.cloud.servers.rules import can_resize
from imsconsole.core.summary import summary_of


@form_view
def resize(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    """The form, drawn again for the flavor in the address, and its answer."""
    actor, server = request.actor, find_server(request, server_id)
    is_order = request.method == "POST" and request.POST.get("action") != "refresh"
    typed = {"data": request.POST} if is_order else {"initial": (request.POST or request.GET).dict()}
    form = ResizeForm(**typed, server=server, actor=actor, host=host_of(actor.region))
    if is_order and form.is_valid():
        server = resize_server(server, **form.cleaned_data, actor=actor)
        messages.success(request, _("“%(name)s” is being resized.") % {"name": server.name})
        return redirect(server)
    context = {
        "active": "servers",
        "server": server,
        "form": form,
        "summary": form.summary(),
        "verdict": can_resize(server, actor),
    }
    status = 422 if form.errors else 200
    return summary_of(request, context) or render(
        request, "images/resize/resize.html", context, status=status
    )
