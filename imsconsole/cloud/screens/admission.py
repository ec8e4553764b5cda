"""Who comes in at the bridge. Asked in threads: these functions use the database."""

from dataclasses import dataclass, replace
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from imsconsole.accounts.actor import Actor, actor_for
from imsconsole.accounts.models import User
from imsconsole.cloud.engines import console_of, endpoint_of, serial_endpoint_of
from imsconsole.cloud.models import Server
from imsconsole.cloud.screens.channels import Channel
from imsconsole.cloud.screens.place import is_trusted
from imsconsole.cloud.screens.rules import can_operate
from imsconsole.cloud.screens.tokens import LOG, take_token
from imsconsole.core.errors import ImsError
from imsconsole.engine.types import Endpoint

NO_INPUT = "no-serial-input"
WHOLE_LOG_BYTES = 8 * 1024**2
SessionStore: Any = import_module(settings.SESSION_ENGINE).SessionStore


@dataclass(frozen=True)
class Knock:
    """What a browser brings along: the path it asks for, its page's origin, its cookies, its token, what it wants to be at."""

    path: str
    origin: str
    cookies: str
    token: str
    channel: Channel = Channel.SCREEN
    wants_log: bool = False


@dataclass(frozen=True)
class Guest:
    """Somebody at a screen or a serial console. `endpoint` is what an engine says is behind it, or there is none, and `why`."""

    session_key: str
    user_id: Any
    server_id: UUID
    endpoint: Endpoint | None
    channel: Channel
    why: str = ""


class TurnedAwayError(Exception):
    """Nobody comes in this way. `status` is that of HTTP; the page says why when it asks for its next token."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def admit(knock: Knock) -> Guest:
    """Whoever shows a session, an origin and a token that belong together. Raises TurnedAwayError."""
    if not is_trusted(knock.origin):
        raise TurnedAwayError(403)
    server, actor, user = _let_in(knock, knock.channel, knock.origin)
    if not can_operate(knock.channel, server, actor):
        raise TurnedAwayError(409 if actor.writes else 403)
    behind = serial_endpoint_of if knock.channel is Channel.SERIAL else endpoint_of
    at = Guest(_session_key(knock.cookies), user.pk, server.pk, None, knock.channel)
    try:
        return replace(at, endpoint=behind(server))
    except ImsError as error:
        if error.code == NO_INPUT:
            return replace(at, why=error.code)
        raise TurnedAwayError(error.http_status) from error


def whole_log(knock: Knock) -> str:
    """All that is kept of a console log, for a token that `servers:console-text` led here with. Raises TurnedAwayError."""
    server, *_who = _let_in(knock, LOG, "")
    try:
        return console_of(server, limit_bytes=WHOLE_LOG_BYTES)
    except ImsError as error:
        raise TurnedAwayError(error.http_status) from error


def _let_in(knock: Knock, channel: str, origin: str) -> tuple[Server, Actor, User]:
    """The server, and who shows a session and a token that belong together. Raises TurnedAwayError."""
    session_key, server_id = _session_key(knock.cookies), _server_id(knock.path)
    if (user := _user_of(session_key)) is None:
        raise TurnedAwayError(401)
    fits = take_token(
        knock.token, channel=channel, session_key=session_key, origin=origin, server_id=server_id, user=user
    )
    if not fits:
        raise TurnedAwayError(403)
    if (found := _server_for(server_id, user)) is None:
        raise TurnedAwayError(404)
    return (*found, user)


def why_over(guest: Guest) -> str:
    """Why somebody may not stay: `session-over`, `not-allowed`, `server-stopped`; empty while all is well."""
    user = _user_of(guest.session_key)
    if user is None or user.pk != guest.user_id:
        return "session-over"
    found = _server_for(guest.server_id, user)
    if found is None or not found[1].writes:
        return "not-allowed"
    return "" if can_operate(guest.channel, *found) else "server-stopped"


def log_for(guest: Guest) -> bytes:
    """What was on the serial console before somebody came, as a terminal takes it; nothing of a screen."""
    if guest.channel is not Channel.SERIAL:
        return b""
    server = Server.objects.select_related("project").get(pk=guest.server_id)
    return console_of(server, joined=True).replace("\n", "\r\n").encode()


def _session_key(cookies: str) -> str:
    try:
        morsel = SimpleCookie(cookies).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _user_of(session_key: str) -> User | None:
    """Who is signed in there; as the console itself, by the session and the password's hash in it."""
    if not session_key:
        return None
    request = HttpRequest()
    request.session = SessionStore(session_key)
    user = get_user(request)
    return user if isinstance(user, User) else None


def _server_id(path: str) -> UUID:
    """The last part of the path: what is before it belongs to a proxy."""
    try:
        return UUID(path.partition("?")[0].rstrip("/").rpartition("/")[2])
    except ValueError:
        raise TurnedAwayError(404) from None


def _server_for(server_id: UUID, user: User) -> tuple[Server, Actor] | None:
    """The server and the user as an actor in its project; None when there is no such server for them."""
    servers = Server.objects.existing().select_related("project__account", "project__region")
    server = servers.filter(pk=server_id).first()
    actor = actor_for(user, server.project) if server else None
    return (server, actor) if server and actor else None
