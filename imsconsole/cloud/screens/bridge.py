"""The bridge: bytes between a browser's WebSocket and a server's screen, as VNC, or its serial console.

It looks again every few seconds whether whoever is at it may stay. What a connection ends with is a
close code, for which the page (`imsconsole/static/js/live.js`) has a sentence. Beside it lives the lookout, for pages that show no more than a picture.
"""

import asyncio
import functools
import http
import logging
import re
import signal
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import parse_qs
from uuid import UUID

from django.conf import settings
from django.db import close_old_connections
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from imsconsole.cloud.screens.admission import (
    Guest,
    Knock,
    TurnedAwayError,
    admit,
    log_for,
    whole_log,
    why_over,
)
from imsconsole.cloud.screens.channels import Channel
from imsconsole.cloud.screens.lookout import Lookout
from imsconsole.cloud.screens.place import LOG_PATH
from imsconsole.cloud.screens.serial import SharedLines
from imsconsole.cloud.screens.ways import Way, mute, way_to
from imsconsole.core.listening import listen_at, say_ready
from imsconsole.core.peers import Peers

T = TypeVar("T")

CARRIES = "ims-token."  # a subprotocol of this name carries the token: unlike an address it is not logged
CLOSE_CODES = {
    "session-over": 4401,
    "not-allowed": 4403,
    "no-serial-input": 4405,
    "idle": 4408,
    "server-stopped": 4409,
    "too-many": 4429,
}
LOOK_EVERY_S = 3.0
LARGEST_MESSAGE_BYTES = 64 * 1024  # of a browser: keys and pointers take some ten
ASKS_FOR_PICTURE = 3  # the RFB message that browsers send all the time, alone and 10 bytes long
REPORT = re.compile(rb"\x1b\[[0-9;?>]*[Rcn]")  # what a terminal answers by itself

Read = Callable[[], Awaitable[bytes]]

logger = logging.getLogger(__name__)


def listen_for_screens(host: str, port: int) -> socket.socket:
    """Raises CommandError."""
    advice = "Set IMS_SCREEN_PORT to a free port."
    return listen_at(host, port, name="screens", who="The bridge to the screens", advice=advice)


def serve_screens(line: socket.socket) -> None:
    """Until a signal: then everybody is told that the bridge goes away, and may come again."""
    asyncio.run(_until_a_signal(line))


async def _until_a_signal(line: socket.socket) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    server = await Bridge().listen(line)
    lookout = Lookout()
    lookout.start()
    say_ready()
    await ended.wait()
    lookout.end()
    server.close()
    await server.wait_closed()


class Line(ServerConnection):
    """A connection, cut at once when its address has too many."""

    _peers = Peers()
    _address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        address = transport.get_extra_info("peername")[0]
        if self._peers.admit(address):
            self._address = address
        else:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._address:
            self._peers.leave(self._address)


class Bridge:
    """One listening socket. Counts who is at which server's screen."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="screens")
        self._present: Counter[UUID] = Counter()
        self._serial = SharedLines(way_to)

    async def listen(self, line: socket.socket) -> Server:
        """Let browsers in from now on; `close()` of what is returned sends all of them away."""
        return await serve(
            self._serve,
            sock=line,
            subprotocols=list(Channel),
            process_request=self._receive,
            create_connection=Line,
            open_timeout=settings.IMS_PATIENCE_S,
            compression=None,  # VNC compresses
            max_size=LARGEST_MESSAGE_BYTES,
            server_header=None,
            logger=mute,
        )

    async def _receive(self, connection: ServerConnection, request: Request) -> Response | None:
        """Before the handshake: who is not admitted gets a bare HTTP answer, who asks for the log gets that."""
        try:
            if (knock := _knock_of(request)).wants_log:
                return _as_text(connection, await self._in_thread(whole_log, knock))
            connection.guest = await self._in_thread(admit, knock)  # type: ignore[attr-defined]
        except TurnedAwayError as away:
            logger.info("Screen of a server refused with HTTP %s", away.status)
            return connection.respond(http.HTTPStatus(away.status), "")
        return None

    async def _serve(self, browser: ServerConnection) -> None:
        guest: Guest = browser.guest  # type: ignore[attr-defined]
        if guest.why:
            await browser.close(CLOSE_CODES[guest.why])
            return
        if self._present[guest.server_id] >= settings.IMS_SCREENS_PER_SERVER:
            await browser.close(CLOSE_CODES["too-many"])
            return
        self._present[guest.server_id] += 1
        began, why = time.monotonic(), "server-stopped"
        what = guest.channel.name.capitalize()
        logger.info("%s of server %s opened by user %s", what, guest.server_id, guest.user_id)
        try:
            async with self._way_to(guest) as (read, way):
                why = await self._pass_on(browser, guest, read, way)
        except OSError:  # it stopped just now
            pass
        finally:
            self._present[guest.server_id] -= 1
            await browser.close(CLOSE_CODES.get(why, 1000))
            seconds = round(time.monotonic() - began)
            logger.info("%s of server %s closed after %s s: %s", what, guest.server_id, seconds, why)

    @asynccontextmanager
    async def _way_to(self, guest: Guest) -> AsyncIterator[tuple[Read, Way]]:
        """A line of one's own to a screen; everybody's to a serial console. Raises OSError."""
        if guest.endpoint is None:
            raise ConnectionRefusedError
        if guest.channel is Channel.SERIAL:
            async with self._serial.joined(guest.server_id, guest.endpoint) as (viewer, way):
                yield viewer.get, way
            return
        way = await way_to(guest.endpoint)
        try:
            yield way.read, way
        finally:
            await way.close()

    async def _pass_on(self, browser: ServerConnection, guest: Guest, read: Read, way: Way) -> str:
        """What is there already, then both directions until one ends or the guest may not stay; returns why."""
        activity = Activity(guest.channel)
        log = await self._in_thread(log_for, guest)
        work: list[Coroutine[Any, Any, str]] = [
            _to_browser(log, read, browser),
            _to_server(browser, way, activity),
            self._watch(guest, activity),
        ]
        tasks = [asyncio.create_task(each) for each in work]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self, guest: Guest, activity: "Activity") -> str:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if activity.idle_s > settings.IMS_SCREEN_IDLE_MIN * 60:
                return "idle"
            if why := await self._in_thread(why_over, guest):
                return why

    async def _in_thread(self, function: Callable[..., T], *arguments: Any) -> T:
        call = functools.partial(_with_database, function, *arguments)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


def _with_database(function: Callable[..., T], *arguments: Any) -> T:
    """As a request has it: a connection that broke meanwhile is not used."""
    close_old_connections()
    try:
        return function(*arguments)
    finally:
        close_old_connections()


class Activity:
    """When somebody last pressed a key or moved the pointer."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._at = time.monotonic()

    @property
    def idle_s(self) -> float:
        return time.monotonic() - self._at

    def saw(self, message: bytes) -> None:
        if not self._is_by_itself(message):
            self._at = time.monotonic()

    def _is_by_itself(self, message: bytes) -> bool:
        if self._channel is Channel.SERIAL:
            return REPORT.fullmatch(message) is not None
        return len(message) == 10 and message[0] == ASKS_FOR_PICTURE


async def _to_browser(log: bytes, read: Read, browser: ServerConnection) -> str:
    try:
        piece = log or await read()
        while piece:
            await browser.send(piece)
            piece = await read()
    except ConnectionClosed:
        return "left"
    except ConnectionError:
        pass
    return "server-stopped"


async def _to_server(browser: ServerConnection, way: Way, activity: Activity) -> str:
    try:
        async for message in browser:
            data = message if isinstance(message, bytes) else message.encode()
            activity.saw(data)
            await way.write(data)
    except ConnectionClosed:
        pass
    except ConnectionError:
        return "server-stopped"
    return "left"


def _as_text(connection: ServerConnection, text: str) -> Response:
    response = connection.respond(http.HTTPStatus.OK, text)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _knock_of(request: Request) -> Knock:
    headers, (path, _, query) = request.headers, request.path.partition("?")
    offered = [name.strip() for line in headers.get_all("Sec-WebSocket-Protocol") for name in line.split(",")]
    tokens = [name.removeprefix(CARRIES) for name in offered if name.startswith(CARRIES)]
    return Knock(
        path=path.removesuffix(LOG_PATH),
        wants_log=path.endswith(LOG_PATH),
        origin=next(iter(headers.get_all("Origin")), ""),
        cookies="; ".join(headers.get_all("Cookie")),
        token=next(iter(tokens), "") or parse_qs(query).get("token", [""])[0],
        channel=next((each for each in Channel if each in offered), Channel.SCREEN),
    )
