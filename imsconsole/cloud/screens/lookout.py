"""The lookout: what servers do, show and write, as long as somebody has a page of them open.

It lives in the bridge's process, so a guest or an engine that hangs holds a thread there and no page.
"""

import logging
import threading
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import Error, close_old_connections, connection
from django.db.models import F, Q

from imsconsole.cloud.engines import console_of, screen_of
from imsconsole.cloud.hosts import is_able
from imsconsole.cloud.models import Glimpse, Server
from imsconsole.cloud.servers.reconcile import reconcile_server
from imsconsole.core.errors import ImsError
from imsconsole.core.now import furthest, now
from imsconsole.core.sentences import lasting_values

LOOK_EVERY_S = 1.0
WANTED_FOR = timedelta(seconds=20)
AGAIN_AFTER = timedelta(seconds=2)
KEPT_FOR = timedelta(hours=1)
MOST_AT_ONCE = 8  # of a region

logger = logging.getLogger(__name__)


def wanted_servers() -> Iterable[Server]:
    """Those that somebody has before him, the one first that was not looked at for longest."""
    at = now()
    servers = Server.objects.existing().filter(
        Q(glimpse__seen_at=None) | ~Q(glimpse__seen_at__range=(at - AGAIN_AFTER, furthest(timedelta(0)))),
        glimpse__wanted_until__range=(at, furthest(WANTED_FOR)),
    )
    servers = servers.exclude(ref="").select_related("project__region__report", "project__account", "glimpse")
    return servers.order_by(F("glimpse__seen_at").asc(nulls_first=True))


def look_at(server: Server) -> None:
    """Write what it does, shows and has written, or why that cannot be told."""
    seen: dict[str, Any] = {"error_code": "", "error_values": {}}
    for look in (_log_of, _picture_of, _state_of):
        try:
            seen |= look(server)
        except ImsError as error:
            seen |= {"error_code": error.code, "error_values": lasting_values(error)}
    Glimpse.objects.filter(pk=server.pk).update(seen_at=now(), **seen)


def _log_of(server: Server) -> dict[str, Any]:
    return {"log": console_of(server)}


def _picture_of(server: Server) -> dict[str, Any]:
    shows = server.has_screen and is_able("screen", server.project.region)
    return {"picture": screen_of(server) if shows else b""}


def _state_of(server: Server) -> dict[str, Any]:
    reconcile_server(server)
    return {}


def forget_glimpses() -> None:
    """What a guest showed is kept no longer than somebody looked at it, but for an hour."""
    old = Q(wanted_until__lt=now() - KEPT_FOR) | Q(wanted_until__gt=furthest(WANTED_FOR))
    Glimpse.objects.filter(old).delete()


class Lookout(threading.Thread):
    """Looks at all that is wanted, each in a thread of its own: who does not answer keeps nobody else waiting."""

    def __init__(self) -> None:
        super().__init__(name="lookout", daemon=True)
        self._looking: dict[UUID, str] = {}
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(LOOK_EVERY_S):
            try:
                close_old_connections()
                self.look_around()
            except Error:
                logger.warning("Nobody could be looked at", exc_info=True)

    def look_around(self) -> list[threading.Thread]:
        """Begin to look at what nobody looks at yet."""
        begun = []
        for server in wanted_servers():
            region = server.project.region_id
            if server.pk in self._looking or list(self._looking.values()).count(region) >= MOST_AT_ONCE:
                continue
            self._looking[server.pk] = region
            look = threading.Thread(target=self._look, args=(server,), daemon=True)
            look.start()
            begun.append(look)
        return begun

    def end(self) -> None:
        self._ended.set()

    def _look(self, server: Server) -> None:
        try:
            look_at(server)
        except Error:
            logger.warning("Server %s could not be looked at", server.pk, exc_info=True)
        finally:
            connection.close()
            del self._looking[server.pk]
