"""The bridge to guests of an engine elsewhere, whose screens and serial consoles are behind a WebSocket."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace

import pytest
from django.db import connections
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.client import ClientConnection
from websockets.sync.server import ServerConnection, serve

from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.screens.bridge import CLOSE_CODES, Bridge, listen_for_screens
from imsconsole.engine.types import WebSocket
from tests.cloud.screens.test_bridge import PATIENCE_S, end_of
from tests.conftest import client_of
from tests.factories import ServerFactory
from tests.support.console import free_port
from tests.support.engines import engine_of_region
from tests.support.screens import RunningBridge, token_for

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "/?token=5e5a"


class Elsewhere:
    """An engine whose consoles are at `url`. It greets who comes, and says everything back; how many came is counted."""

    def __init__(self, url: str) -> None:
        self.url, self.came, self.lines = url, 0, []

    def console_endpoint(self, ref: str) -> WebSocket:
        return WebSocket(self.url + SECRET, "binary")

    serial_endpoint = console_endpoint

    def console_log(self, ref: str, **how) -> str:
        return "of the log\n"

    def answer(self, line: ServerConnection) -> None:
        assert line.subprotocol == "binary"
        self.came += 1
        self.lines.append(line)
        line.send(b"")
        line.send(b"RFB 003.008\n")
        try:
            for message in line:
                line.send(message[::-1])
        except ConnectionClosed:
            pass


def refuse_expired(line: ServerConnection, request: Request) -> Response | None:
    return None if request.path == SECRET else line.respond(403, "expired")


@contextmanager
def in_a_thread(server) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


@contextmanager
def bridge_here() -> Iterator[RunningBridge]:
    """The bridge in this process: it has this test's engine."""
    loop, port = asyncio.new_event_loop(), free_port()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    bridge, line = Bridge(), listen_for_screens("127.0.0.1", port)
    server = asyncio.run_coroutine_threadsafe(bridge.listen(line), loop).result()
    try:
        yield RunningBridge(port, None)
    finally:
        loop.call_soon_threadsafe(server.close)
        asyncio.run_coroutine_threadsafe(server.wait_closed(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        leave_the_database(bridge)


def leave_the_database(bridge: Bridge) -> None:
    """Each of its threads does."""
    threads = bridge._threads
    together = threading.Barrier(threads._max_workers)

    def leave() -> None:
        together.wait()
        connections.close_all()

    for leaving in [threads.submit(leave) for _ in range(threads._max_workers)]:
        leaving.result()
    threads.shutdown()


@pytest.fixture
def place(people) -> Iterator[SimpleNamespace]:
    with ExitStack() as stack:
        there = Elsewhere("")
        console = serve(there.answer, "127.0.0.1", 0, subprotocols=["binary"], process_request=refuse_expired)
        stack.enter_context(in_a_thread(console))
        there.url = f"ws://127.0.0.1:{console.socket.getsockname()[1]}"
        server = ServerFactory(project=people.bob.project, status="running", ref="there")
        local = engine_for(server.project.region_id)
        there.capabilities = local.capabilities
        stack.enter_context(engine_of_region(server.project.region_id, there))
        bridge = stack.enter_context(bridge_here())
        yield SimpleNamespace(engine=there, server=server, bridge=bridge, client=client_of(people.bob))


def come(place: SimpleNamespace, what: str, channel: str) -> ClientConnection:
    token = token_for(place.client, place.server, what=what)
    return place.bridge.come(place.server, place.client, token, channel=channel)


def test_a_screen_elsewhere_is_seen_and_typed_at(place) -> None:
    with come(place, "screen", "binary") as line:
        assert line.recv(PATIENCE_S) == b"RFB 003.008\n"
        line.send(b"abc")
        assert line.recv(PATIENCE_S) == b"cba"
        place.engine.lines[0].close()
        assert end_of(line) == CLOSE_CODES["server-stopped"]


def test_a_console_elsewhere_is_one_line_for_all_who_are_at_it(place) -> None:
    with come(place, "serial", "serial") as first, come(place, "serial", "serial") as second:
        for line in (first, second):
            assert line.recv(PATIENCE_S) == b"of the log\r\n"
        second.send(b"abc")
        said = b""
        while b"cba" not in said:
            said += second.recv(PATIENCE_S)
        assert place.engine.came == 1


def test_one_that_lets_nobody_in_is_a_server_that_stopped(place, caplog) -> None:
    for url in (f"ws://127.0.0.1:{free_port()}", place.engine.url + "/expired"):
        place.engine.url = url
        with come(place, "screen", "binary") as line:
            assert end_of(line) == CLOSE_CODES["server-stopped"]
    assert "5e5a" not in caplog.text
    assert "5e5a" not in repr(WebSocket(SECRET))
