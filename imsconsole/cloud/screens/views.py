"""The pages with the screen and the serial console of a server, and the tokens that open them."""

import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render

from imsconsole.accounts.access import ActorRequest, page_view, post_view
from imsconsole.cloud.models import Server
from imsconsole.cloud.screens.picture import find_screen, shown_by
from imsconsole.cloud.screens.place import origin_of, screen_url
from imsconsole.cloud.screens.rules import can_operate_screen, can_operate_serial
from imsconsole.cloud.screens.services import open_screen, open_serial_console
from imsconsole.core.htmx import render_page


@page_view
def show_screen(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    """The page; to htmx the fragment with the picture, which asks for itself again while the server runs."""
    server = find_screen(request, server_id)
    context = {
        "active": "servers",
        "server": server,
        "verdict": can_operate_screen(server, request.actor),
        "has_novnc": settings.NOVNC_FILES is not None,
        **shown_by(server),
    }
    page, fragment = "cloud/server_pages/screen.html", "cloud/server_pages/_screen.html"
    return _may_connect(render_page(request, page, fragment, context), request, server)


@page_view
def show_serial(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    """The page with the serial console; its log for who only reads, and without scripts."""
    server = find_screen(request, server_id)
    verdict = can_operate_serial(server, request.actor)
    context = {"active": "servers", "server": server, "verdict": verdict, **shown_by(server)}
    page = render(request, "cloud/server_pages/serial.html", context)
    return _may_connect(page, request, server)


def _may_connect(page: HttpResponse, request: ActorRequest, server: Server) -> HttpResponse:
    """Nothing but the bridge's way to this one server may be connected to, and only from its page."""
    page._csp_update = {"connect-src": ["'self'", screen_url(request, server.pk)]}  # type: ignore[attr-defined]
    return page


@post_view
def open_screen_of(request: ActorRequest, server_id: uuid.UUID) -> JsonResponse:
    """`{url, token}`: where the screen is, and what opens it once within 30 seconds."""
    return _opened(request, find_screen(request, server_id), open_screen)


@post_view
def open_serial_of(request: ActorRequest, server_id: uuid.UUID) -> JsonResponse:
    """The same of its serial console."""
    return _opened(request, find_screen(request, server_id), open_serial_console)


def _opened(
    request: ActorRequest, server: Server, open_it: Callable[..., tuple[Server, Any]]
) -> JsonResponse:
    session_key, origin = request.session.session_key or "", origin_of(request)
    _server, token = open_it(server, session_key=session_key, origin=origin, actor=request.actor)
    return JsonResponse({"url": screen_url(request, server.pk), "token": token})
