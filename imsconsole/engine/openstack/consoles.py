"""Screens and serial consoles of machines, as far as Nova lets one see them."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from imsconsole.core.errors import Conflict, NotFound, Unavailable, Unsupported
from imsconsole.engine.openstack.cloud import CloudSettings, Found
from imsconsole.engine.openstack.nova import LOG_BYTES, Nova
from imsconsole.engine.openstack.rfb import picture_of
from imsconsole.engine.types import ConsoleMark, WebSocket

GOOD_FOR = timedelta(minutes=10)  # as long as Nova's tokens are, unless its operator set another time
SCREEN, SERIAL = ("vnc", "novnc"), ("serial", "serial")  # protocol and type
NO_SCREEN, NO_SERIAL = "no-screen", "no-serial-console"
NONE_OF = "unavailable console type"
STARTS = frozenset({"create", "start", "reboot", "rebuild", "resume", "unshelve", "evacuate"})
# Nova takes the escape itself away, and leaves what came after it
ESCAPED = re.compile(r"c?\[\?[0-9]+[hl]|\[[0-9]+(?:;[0-9]+)*[A-HJKSTfm]|\[[0-9]?J|\[m(?![a-z])")


class Consoles:
    def __init__(self, settings: CloudSettings, nova: Nova) -> None:
        self._settings, self._nova = settings, nova

    def mark(self, machine: Found | None) -> ConsoleMark:
        """How long a machine's log is. Nova begins it anew at each start, and of a long one keeps the end alone."""
        if machine is None:
            return ConsoleMark()
        with suppress(NotFound, Conflict):  # it is only just being made, or is no more
            starts = (each for each in self._nova.actions(machine["id"]) if each["action"] in STARTS)
            start = next((str(each["request_id"]) for each in starts), "")[-40:]
            log = self._nova.log(machine["id"])
            if len(log) > LOG_BYTES // 2:
                start += f":{hashlib.sha256(log.encode()).hexdigest()[:16]}"
            return ConsoleMark(start, len(log))
        return ConsoleMark()

    def log(self, machine: Found | None, limit_bytes: int) -> str:
        """The end of it, as text."""
        with suppress(NotFound, Conflict):
            log = self._nova.log(machine["id"]).encode() if machine and limit_bytes else b""
            return ESCAPED.sub("", log[-limit_bytes:].decode(errors="ignore"))
        return ""

    def screen(self, machine: Found) -> bytes:
        return picture_of(self.endpoint(machine))

    def endpoint(self, machine: Found) -> WebSocket:
        """Where noVNC would go from the address that is its page's. Raises Unsupported."""
        if not self._settings.screen:
            raise Unsupported(NO_SCREEN)
        with offered(NO_SCREEN):
            page = urlsplit(self._nova.console(machine["id"], *SCREEN))
        query = parse_qs(page.query)
        path = query.get("path", [f"?token={query.get('token', [''])[0]}"])[0]
        return _socket(f"{page.scheme}://{page.netloc}/{path.lstrip('/')}")

    def serial(self, machine: Found) -> WebSocket:
        """Raises Unsupported."""
        if not self._settings.serial:
            raise Unsupported(NO_SERIAL)
        with offered(NO_SERIAL):
            return _socket(self._nova.console(machine["id"], *SERIAL))


@contextmanager
def offered(refusal: str) -> Iterator[None]:
    """Nova says of a machine that runs, and of no other, which consoles it has none of. Raises Unsupported with that code."""
    try:
        yield
    except Unavailable as error:
        if NONE_OF in str(error.values.get("detail")).lower():
            raise Unsupported(refusal) from error
        raise


def _socket(url: str) -> WebSocket:
    """Of HTTP the port comes along: there is none to guess of a socket's scheme."""
    for http, socket in (("http://", "ws://"), ("https://", "wss://")):
        url = socket + url.removeprefix(http) if url.startswith(http) else url
    return WebSocket(url, "binary", datetime.now(UTC) + GOOD_FOR)
