"""What a server shows, as it was seen last: its screen as a picture (live: `cloud.screens`), and its console log."""

import base64
import hashlib
import uuid
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render

from imsconsole.accounts.access import ActorRequest, page_view
from imsconsole.cloud.models import Glimpse, Server
from imsconsole.cloud.screens.lookout import WANTED_FOR
from imsconsole.cloud.screens.place import log_url
from imsconsole.cloud.screens.tokens import LOG, new_token
from imsconsole.cloud.servers.rules import can_open_screen
from imsconsole.core.errors import ImsError, NotFound, Unavailable
from imsconsole.core.fullness import fullness_said
from imsconsole.core.now import furthest, now

OLD_AFTER = timedelta(seconds=15)


def find_screen(request: ActorRequest, server_id: uuid.UUID) -> Server:
    """The actor's server, or 404."""
    servers = Server.objects.visible_to(request.actor).existing().select_related("project")
    return get_object_or_404(servers, pk=server_id)


@page_view
def screen_picture(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    """The picture itself (PNG). 409 when the server is not running, 503 when nobody has seen it yet."""
    server = find_screen(request, server_id)
    can_open_screen(server, request.actor).require()
    if picture := bytes(_glimpse_of(server).picture):
        return HttpResponse(picture, content_type="image/png")
    raise Unavailable("not-seen-yet")


@page_view
def show_console(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    """The fragment with the end of the log; 204 when the reader has it already."""
    server = find_screen(request, server_id)
    context = shown_by(server)
    if request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=204)
    return render(request, "cloud/server_pages/_console.html", {"server": server, **context})


@page_view
def console_text(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    """To the whole log that is kept, as plain text: the bridge asks for it."""
    server, user = find_screen(request, server_id), request.actor.user
    if user is None:
        raise NotFound
    token = new_token(server, user, channel=LOG, session_key=request.session.session_key or "", origin="")
    return HttpResponseRedirect(log_url(request, server.pk, token))


def shown_by(server: Server) -> dict[str, Any]:
    """What was seen of it last, and let it be looked at further.

    `picture`: the screen as base64, or empty; `log`: the end of the console log, `seen`: a digest to tell whether it changed;
    `unseen`: why something of that is not to be seen; `is_awaited`: nobody has looked yet; `old_since`: when it was seen, if long ago.
    """
    glimpse = _glimpse_of(server)
    is_old = glimpse.seen_at is not None and glimpse.seen_at < now() - OLD_AFTER
    state = f"{glimpse.log}{glimpse.error_code}{glimpse.seen_at is None}{is_old}"
    return {
        "picture": base64.b64encode(glimpse.picture).decode() if server.has_screen else "",
        "log": glimpse.log,
        "seen": hashlib.sha256(state.encode()).hexdigest()[:16],
        "unseen": glimpse.error_sentence,
        "is_awaited": bool(server.ref) and (glimpse.seen_at is None or is_old),
        "old_since": glimpse.seen_at if is_old else None,
    }


def _glimpse_of(server: Server) -> Glimpse:
    """What was seen of it last. That somebody wants to see it is noted now and then; a full disk keeps nobody from its page."""
    glimpse = Glimpse.objects.filter(pk=server.pk).first() or Glimpse(server=server, wanted_until=now())
    if server.ref and not now() + WANTED_FOR / 2 < glimpse.wanted_until <= furthest(WANTED_FOR):
        wanted = Glimpse(server=server, wanted_until=now() + WANTED_FOR)
        with suppress(ImsError), fullness_said():
            Glimpse.objects.bulk_create(
                [wanted], update_conflicts=True, unique_fields=["server"], update_fields=["wanted_until"]
            )
    return glimpse
