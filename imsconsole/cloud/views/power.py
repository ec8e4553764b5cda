"""Start, stop and restart: buttons without a page of their own."""

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from imsconsole.accounts.access import ActorRequest, signed_in
from imsconsole.cloud.models import Server
from imsconsole.cloud.servers.lookup import find_server
from imsconsole.cloud.servers.services import reboot_server, start_server, stop_server


@require_POST
@signed_in
def start(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    return _change(request, server_id, start_server, _("“%(name)s” is starting."))


@require_POST
@signed_in
def stop(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    return _change(request, server_id, stop_server, _("“%(name)s” is being stopped."))


@require_POST
@signed_in
def reboot(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    return _change(request, server_id, reboot_server, _("“%(name)s” is being restarted."))


def _change(
    request: ActorRequest, server_id: uuid.UUID, change: Callable[..., Server], done: str
) -> HttpResponse:
    """Call the service, say what happens now, and go back to the list or the server's page."""
    server = change(find_server(request, server_id), actor=request.actor)
    messages.success(request, done % {"name": server.name})
    came_from = request.META.get("HTTP_REFERER", "")
    if url_has_allowed_host_and_scheme(came_from, {request.get_host()}):
        return redirect(came_from)
    return redirect(server)
