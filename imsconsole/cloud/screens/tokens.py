"""Tokens: 256 random bits that open one screen, serial console or log, once, from one session and one origin, for 30 seconds."""

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from imsconsole.accounts.models import User
from imsconsole.cloud.models import ScreenToken, Server
from imsconsole.core.now import due, now

LIFETIME = timedelta(seconds=30)
LOG = "log"  # beside the channels: what was written so far


def new_token(server: Server, user: User, *, channel: str, session_key: str, origin: str) -> str:
    """A token, of which only the digest is kept. Those that are over go on this occasion."""
    ScreenToken.objects.filter(due("expires_at", LIFETIME)).delete()
    secret = secrets.token_urlsafe(32)
    ScreenToken.objects.create(
        digest=_digest(channel + secret),
        session=_digest(session_key),
        origin=origin,
        server=server,
        user=user,
        expires_at=now() + LIFETIME,
    )
    return secret


def take_token(
    secret: str, *, channel: str, session_key: str, origin: str, server_id: UUID, user: User
) -> bool:
    """Whether the token opens that channel of the server. It is gone then: the database lets one of several at once have it."""
    fitting = ScreenToken.objects.exclude(due("expires_at", LIFETIME)).filter(
        digest=_digest(channel + secret),
        session=_digest(session_key),
        origin=origin,
        server=server_id,
        user=user,
    )
    taken, _ = fitting.delete()
    return taken == 1


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
