"""The page with the screen of a server, and the token that opens it."""

import uuid

from django.conf import settings
from django.http import HttpResponse, JsonResponse

from imsconsole.accounts.access import ActorRequest, page_view, post_view
from imsconsole.cloud.screens.picture import find_screen, picture_of
from imsconsole.cloud.screens.place import origin_of, screen_url
from imsconsole.cloud.screens.rules import can_operate_screen
from imsconsole.cloud.screens.services import open_screen
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
        **picture_of(server),
    }
    response = render_page(
        request, "cloud/server_pages/screen.html", "cloud/server_pages/_screen.html", context
    )
    # nothing but this one screen may be connected to, and only from its page
    response._csp_update = {"connect-src": ["'self'", screen_url(request, server_id)]}  # type: ignore[attr-defined]
    return response


@post_view
def open_screen_of(request: ActorRequest, server_id: uuid.UUID) -> JsonResponse:
    """`{url, token}`: where the screen is, and what opens it once within 30 seconds."""
    _server, token = open_screen(
        find_screen(request, server_id),
        session_key=request.session.session_key or "",
        origin=origin_of(request),
        actor=request.actor,
    )
    return JsonResponse({"url": screen_url(request, server_id), "token": token})
