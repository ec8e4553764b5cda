"""The bridge: bytes between a browser's WebSocket and the VNC socket of a server's QEMU.

It looks again every few seconds whether whoever is at a screen may stay. What a connection ends with is a
close code, for which the page (`static/js/screen.js`) has a sentence.
"""

import asyncio
import functools
import http
import logging
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import close_old_connections
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from imsconsole.cloud.screens.admission import Guest, Knock, TurnedAwayError, admit, why_over
from imsconsole.core.listening import listen_at
from imsconsole.core.peers import Peers
from imsconsole.core.sockets import connect_to

T = TypeVar("T")

SUBPROTOCOL = "binary"
CARRIES = "ims-token."  # a subprotocol of this name carries the token: unlike an address it is not logged
CLOSE_CODES = {
    "session-over": 4401,
    "not-allowed": 4403,
    "idle": 4408,
    "server-stopped": 4409,
    "too-many": 4429,
}
LOOK_EVERY_S = 3.0
PIECE_BYTES = 64 * 1024
LARGEST_MESSAGE_BYTES = 64 * 1024  # of a browser: keys and pointers take some ten
ASKS_FOR_PICTURE = 3  # the RFB message that browsers send all the time, alone and 10 bytes long

logger = logging.getLogger(__name__)
mute = logging.getLogger("websockets.quiet")  # what the library would log has cookies in it
mute.setLevel(logging.CRITICAL + 1)


def listen_for_screens(host: str, port: int) -> socket.socket:
    """Raises CommandError."""
    advice = "Set IMS_SCREEN_PORT to a free port."
    return listen_at(host, port, who="The bridge to the screens", advice=advice)


def serve_screens(line: socket.socket) -> None:
    """Until a signal: then everybody is told that the bridge goes away, and may come again."""
    asyncio.run(_until_a_signal(line))


async def _until_a_signal(line: socket.socket) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    server = await Bridge().listen(line)
    await ended.wait()
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

    async def listen(self, line: socket.socket) -> Server:
        """Let browsers in from now on; `close()` of what is returned sends all of them away."""
        return await serve(
            self._serve,
            sock=line,
            subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
            process_request=self._receive,
            create_connection=Line,
            open_timeout=settings.IMS_PATIENCE_S,
            compression=None,  # VNC compresses
            max_size=LARGEST_MESSAGE_BYTES,
            server_header=None,
            logger=mute,
        )

    async def _receive(self, connection: ServerConnection, request: Request) -> Response | None:
        """Before the handshake: who is not admitted gets a bare HTTP answer."""
        try:
            connection.guest = await self._in_thread(admit, _knock_of(request))  # type: ignore[attr-defined]
        except TurnedAwayError as away:
            logger.info("Screen of a server refused with HTTP %s", away.status)
            return connection.respond(http.HTTPStatus(away.status), "")
        return None

    async def _serve(self, browser: ServerConnection) -> None:
        guest: Guest = browser.guest  # type: ignore[attr-defined]
        if self._present[guest.server_id] >= settings.IMS_SCREENS_PER_SERVER:
            await browser.close(CLOSE_CODES["too-many"])
            return
        self._present[guest.server_id] += 1
        began, why = time.monotonic(), "server-stopped"
        logger.info("Screen of server %s opened by user %s", guest.server_id, guest.user_id)
        try:
            line = await self._in_thread(connect_to, Path(guest.endpoint))
            why = await self._pass_on(browser, guest, line)
        except OSError:  # it stopped just now
            pass
        finally:
            self._present[guest.server_id] -= 1
            await browser.close(CLOSE_CODES.get(why, 1000))
            seconds = round(time.monotonic() - began)
            logger.info("Screen of server %s closed after %s s: %s", guest.server_id, seconds, why)

    async def _pass_on(self, browser: ServerConnection, guest: Guest, line: socket.socket) -> str:
        """Both directions until one ends or the guest may not stay; returns why."""
        reader, writer = await asyncio.open_unix_connection(sock=line)
        activity = Activity()
        work: list[Coroutine[Any, Any, str]] = [
            _to_browser(reader, browser),
            _to_server(browser, writer, activity),
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
            writer.close()

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

    def __init__(self) -> None:
        self._at = time.monotonic()

    @property
    def idle_s(self) -> float:
        return time.monotonic() - self._at

    def saw(self, message: bytes) -> None:
        if not (len(message) == 10 and message[0] == ASKS_FOR_PICTURE):
            self._at = time.monotonic()


async def _to_browser(reader: asyncio.StreamReader, browser: ServerConnection) -> str:
    try:
        while piece := await reader.read(PIECE_BYTES):
            await browser.send(piece)
    except ConnectionClosed:
        return "left"
    except ConnectionError:
        pass
    return "server-stopped"


async def _to_server(browser: ServerConnection, writer: asyncio.StreamWriter, activity: Activity) -> str:
    try:
        async for message in browser:
            data = message if isinstance(message, bytes) else message.encode()
            activity.saw(data)
            writer.write(data)
            await writer.drain()
    except ConnectionClosed:
        pass
    except ConnectionError:
        return "server-stopped"
    return "left"


def _knock_of(request: Request) -> Knock:
    headers = request.headers
    offered = [name.strip() for line in headers.get_all("Sec-WebSocket-Protocol") for name in line.split(",")]
    tokens = [name.removeprefix(CARRIES) for name in offered if name.startswith(CARRIES)]
    return Knock(
        path=request.path,
        origin=next(iter(headers.get_all("Origin")), ""),
        cookies="; ".join(headers.get_all("Cookie")),
        token=next(iter(tokens), ""),
    )
