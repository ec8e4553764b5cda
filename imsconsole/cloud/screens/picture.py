"""What a server shows: its screen as a picture (live: `cloud.screens`), and its console log."""

import base64
import hashlib
import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from imsconsole.accounts.access import ActorRequest, page_view
from imsconsole.cloud.engines import console_of, screen_of
from imsconsole.cloud.models import Server
from imsconsole.cloud.servers.rules import can_open_screen
from imsconsole.core.errors import ImsError
from imsconsole.core.sentences import sentence_of

WHOLE_LOG_BYTES = 8 * 1024**2


def find_screen(request: ActorRequest, server_id: uuid.UUID) -> Server:
    """The actor's server, or 404."""
    servers = Server.objects.visible_to(request.actor).existing().select_related("project")
    return get_object_or_404(servers, pk=server_id)


@page_view
def screen_picture(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    """The picture itself (PNG). 409 when the server is not running."""
    server = find_screen(request, server_id)
    can_open_screen(server, request.actor).require()
    return HttpResponse(screen_of(server), content_type="image/png")


@page_view
def show_console(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    """The fragment with the end of the log; 204 when the reader has it already."""
    server = find_screen(request, server_id)
    context = log_of(server)
    if request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=204)
    return render(request, "cloud/server_pages/_console.html", {"server": server, **context})


@page_view
def console_text(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    """The whole log that is kept, as plain text."""
    log = console_of(find_screen(request, server_id), limit_bytes=WHOLE_LOG_BYTES)
    return HttpResponse(log, content_type="text/plain; charset=utf-8")


def picture_of(server: Server) -> dict[str, Any]:
    """`picture`: the screen as base64, or `no_picture`: why there is none."""
    if not server.has_screen:
        return {"picture": "", "no_picture": ""}
    try:
        return {"picture": base64.b64encode(screen_of(server)).decode(), "no_picture": ""}
    except ImsError as error:
        return {"picture": "", "no_picture": sentence_of(error)}


def log_of(server: Server) -> dict[str, str]:
    """`log`: the end of the console log, or why there is none; `seen`: a digest to tell whether it changed."""
    try:
        log = console_of(server)
    except ImsError as error:
        log = sentence_of(error)
    return {"log": log, "seen": hashlib.sha256(log.encode()).hexdigest()[:16]}
