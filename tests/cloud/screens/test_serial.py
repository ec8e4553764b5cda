"""The serial console in the browser: who may type at it, what is seen, who is slow."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest
from django.urls import reverse
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection

from imsconsole.cloud.models import Server
from imsconsole.cloud.screens.bridge import CLOSE_CODES, Activity
from imsconsole.cloud.screens.channels import Channel
from imsconsole.cloud.screens.serial import LEFT_OUT, MOST_PIECES, OVER, SharedLines
from imsconsole.cloud.screens.ways import PIECE_BYTES, Stream, Way
from imsconsole.cloud.servers.services import stop_server
from imsconsole.engine.types import Endpoint, UnixSocket
from tests.cloud.screens.test_bridge import PATIENCE_S, bridge, end_of  # noqa: F401
from tests.cloud.servers.machines import answering_image, running_server
from tests.conftest import client_of
from tests.engine.guests import wait_for
from tests.factories import ServerFactory
from tests.support.screens import ORIGIN, token_for
from tests.support.workers import run_jobs

guest = pytest.mark.guest
written = pytest.mark.django_db(transaction=True)


def page_of(server: Server) -> str:
    return reverse("servers:serial", args=[server.pk])


def seen(line: ClientConnection, awaited: bytes) -> bytes:
    """What comes until that has come."""
    said = b""
    while awaited not in said:
        said += line.recv(PATIENCE_S)
    return said


def test_nobody_else_gets_a_token(people) -> None:
    server = ServerFactory(project=people.bob.project, status="running", ref="there")
    url = reverse("servers:open-serial", args=[server.pk])
    assert client_of(people.dave).post(url).status_code == 409
    assert client_of(people.carol).post(url).status_code == 404
    assert client_of(None).post(url).status_code == 302
    assert client_of(people.bob).get(url).status_code == 405
    stopped = ServerFactory(project=people.bob.project, status="stopped")
    refused = client_of(people.bob).post(reverse("servers:open-serial", args=[stopped.pk]))
    assert "not running" in refused.content.decode()


def test_the_page_may_connect_to_its_console_and_nowhere_else(people) -> None:
    server = ServerFactory(project=people.bob.project, status="running", ref="there")
    answer = client_of(people.bob).get(page_of(server), headers={"host": "localhost:8000"})
    page, policy = answer.content.decode(), answer["Content-Security-Policy"]
    assert f"connect-src 'self' ws://localhost:8001/{server.pk};" in policy + ";"
    assert "unsafe" not in policy
    assert "js/serial.js" in page
    assert "switch on JavaScript" in page
    assert 'id="server-console"' in page


def test_who_only_reads_sees_the_log_and_why(people) -> None:
    server = ServerFactory(project=people.bob.project, status="running", ref="there")
    page = client_of(people.dave).get(page_of(server)).content.decode()
    assert "Your role in this project is read-only" in page
    assert "js/serial.js" not in page
    assert 'id="server-console"' in page
    assert client_of(people.carol).get(page_of(server)).status_code == 404


@guest
@written
def test_all_at_a_console_see_what_anybody_types_and_the_log_goes_on(people, engine, bridge) -> None:  # noqa: F811
    server, client = running_server(people.bob, image=answering_image(people.bob)), client_of(people.bob)
    wait_for(engine, server.ref, "HAL")

    def come() -> ClientConnection:
        token = token_for(client, server, what="serial")
        return bridge.come(server, client, token, channel="serial")

    with come() as first, come() as second:
        assert first.subprotocol == "serial"
        assert b"HAL\r\n" in seen(first, b"HAL")  # from the log
        seen(second, b"HAL")
        with come() as third:
            assert end_of(third) == CLOSE_CODES["too-many"]
        first.send("HAL")
        seen(first, b"IBM")
        seen(second, b"IBM")
        second.send(b"\x03")
        seen(first, b"\x04")
    assert "IBM" in wait_for(engine, server.ref, "IBM")
    with come() as again:
        assert b"IBM" in seen(again, b"IBM")
        again.send("UN")
        seen(again, b"VO")
        stop_server(server, actor=people.bob)
        run_jobs()
        assert end_of(again) == CLOSE_CODES["server-stopped"]


@guest
@written
def test_a_token_of_a_screen_opens_no_console_and_the_reverse(people, engine, bridge) -> None:  # noqa: F811
    server, client = running_server(people.bob), client_of(people.bob)
    for what, channel in (("screen", "serial"), ("serial", "binary")):
        with pytest.raises(InvalidStatus) as away:
            bridge.come(server, client, token_for(client, server, what=what), ORIGIN, channel=channel)
        assert away.value.response.status_code == 403


@guest
@written
def test_a_server_from_before_says_why_it_cannot_be_typed_at(people, engine, bridge) -> None:  # noqa: F811
    server, client = running_server(people.bob), client_of(people.bob)
    engine.serial_endpoint(server.ref).path.unlink()
    with bridge.come(server, client, token_for(client, server, what="serial"), channel="serial") as line:
        assert end_of(line) == CLOSE_CODES["no-serial-input"]
    assert "data-text-no-serial-input" in client.get(page_of(server)).content.decode()


def test_a_guest_never_waits_for_a_slow_browser() -> None:
    with ThreadPoolExecutor(1) as thread:  # of its own: in this one the loop of a browser may run
        thread.submit(asyncio.run, _flooded()).result()


async def _flooded() -> None:
    """One reads, one does not: the first gets all, the second the end, and that something is missing."""
    ours, guests = socket.socketpair()

    async def connect(_endpoint: Endpoint) -> Way:
        return Stream(*await asyncio.open_connection(sock=ours))

    lines, total = SharedLines(connect), 2 * MOST_PIECES * PIECE_BYTES
    guest = uuid4(), UnixSocket(Path("a"))
    _, console = await asyncio.open_connection(sock=guests)
    async with lines.joined(*guest) as (quick, _), lines.joined(*guest) as (slow, _):
        got = asyncio.create_task(_all_of(quick))
        for _ in range(total // PIECE_BYTES):
            console.write(bytes(PIECE_BYTES))
            await console.drain()
        console.write(b"end")
        console.close()
        assert len(await got) == total + 3
        left = await _all_of(slow)
        assert LEFT_OUT in left
        assert left.endswith(b"end")
        assert len(left) <= MOST_PIECES * PIECE_BYTES
    assert not lines._lines


async def _all_of(viewer: "asyncio.Queue[bytes]") -> bytes:
    said = b""
    while (piece := await viewer.get()) != OVER:
        said += piece
    return said


def test_what_a_terminal_answers_by_itself_is_nobody_typing() -> None:
    activity = Activity(Channel.SERIAL)
    began = activity._at
    for report in (b"\x1b[24;80R", b"\x1b[?1;2c", b"\x1b[0n"):
        activity.saw(report)
    assert activity._at == began
    activity.saw(b"\x1b[A")
    assert activity._at > began
