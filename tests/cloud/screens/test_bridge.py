"""The bridge, a process of its own, between a browser's WebSocket and a guest's screen."""

from collections.abc import Iterator

import pytest
import urllib3
from django.test import Client
from django.urls import reverse
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from imsconsole.accounts.models import Membership
from imsconsole.cloud.models import Server
from imsconsole.cloud.screens.bridge import CLOSE_CODES
from imsconsole.cloud.servers.services import delete_server, stop_server
from imsconsole.core.sockets import connect_to
from imsconsole.engine.types import Unwatched
from tests.cloud.servers.machines import WORD, running_server
from tests.conftest import client_of
from tests.engine.guests import wait_for
from tests.support.screens import RunningBridge, cookies_of, running_bridge, token_for
from tests.support.workers import run_jobs, until

pytestmark = [pytest.mark.guest, pytest.mark.django_db(transaction=True)]
GREETING = b"RFB 003.008\n"
PATIENCE_S = 20
INPUT = bytes([4, 0, 0, 0, 0, 0, 0xFF, 0x1B])  # a key goes up


@pytest.fixture(scope="module")
def bridge(django_db_setup: None) -> Iterator[RunningBridge]:
    with running_bridge(IMS_SCREENS_PER_SERVER="2") as running:
        yield running


def greeted(line: ClientConnection) -> ClientConnection:
    """The handshake of VNC up to where both sides may speak."""
    assert line.subprotocol == "binary"
    assert line.recv(PATIENCE_S) == GREETING
    line.send(GREETING)
    assert line.recv(PATIENCE_S) == b"\x01\x01"  # one way in: none is asked for
    line.send(b"\x01")
    assert line.recv(PATIENCE_S) == bytes(4)
    line.send(b"\x01")
    assert b"QEMU" in line.recv(PATIENCE_S)
    return line


def end_of(line: ClientConnection) -> int:
    """The code with which the bridge ends a connection."""
    with pytest.raises(ConnectionClosed) as closed:
        drain(line)
    assert closed.value.rcvd
    return closed.value.rcvd.code


def drain(line: ClientConnection) -> None:
    while True:
        line.recv(PATIENCE_S)


def test_the_whole_log_is_read_once_for_its_token_by_who_may_only_read(people, engine, bridge) -> None:
    server, client = running_server(people.bob), client_of(people.dave)
    wait_for(engine, server.ref, WORD)

    def asked(url: str, cookies: str) -> urllib3.BaseHTTPResponse:
        return urllib3.request("GET", url, headers={"Cookie": cookies}, retries=False)

    for theirs in ("", cookies_of(client_of(people.bob))):
        refused = asked(log_of(bridge, client, server), theirs)
        assert (refused.status, refused.data) == (403 if theirs else 401, b"")
    url = log_of(bridge, client, server)
    answer = asked(url, cookies_of(client))
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert WORD in answer.data.decode()
    assert asked(url, cookies_of(client)).status == 403
    assert client_of(people.carol).get(reverse("servers:console-text", args=[server.pk])).status_code == 404


def log_of(bridge: RunningBridge, client: Client, server: Server) -> str:
    """Where the page leads who wants the whole log."""
    page = client.get(reverse("servers:console-text", args=[server.pk]), headers={"host": "localhost:8000"})
    return page["Location"].replace(":8001/", f":{bridge.port}/")


def test_what_servers_show_is_seen_by_the_bridge_s_process(people, engine, bridge) -> None:
    server, client = running_server(people.bob), client_of(people.bob)
    wait_for(engine, server.ref, WORD)
    until(lambda: WORD in client.get(server.get_absolute_url()).content.decode(), "its log is seen")
    assert "data:image/png" in client.get(server.get_absolute_url()).content.decode()
    engine.stop(server.ref, graceful_s=0, work=Unwatched())
    until(lambda: Server.objects.get(pk=server.pk).status == "stopped", "that it stopped is seen")


def test_a_screen_opens_once_for_its_token_and_again_for_another(people, engine, bridge) -> None:
    server, client = running_server(people.bob), client_of(people.bob)
    token = token_for(client, server)
    for stranger, origin in (
        (client_of(people.alice), None),
        (client_of(None), None),
        (client, "http://a.b"),
    ):
        with pytest.raises(InvalidStatus) as away:
            bridge.come(server, stranger, token, *([origin] if origin else []))
        assert away.value.response.status_code in (401, 403)
    with bridge.come(server, client, token) as first:
        greeted(first)
        with pytest.raises(InvalidStatus):
            bridge.come(server, client, token)
        with bridge.come(server, client, token_for(client, server)) as second:
            greeted(second)
            with bridge.come(server, client, token_for(client, server)) as third:
                assert end_of(third) == CLOSE_CODES["too-many"]
            first.send(INPUT)
            second.send(INPUT)
    with bridge.come(server, client, token_for(client, server)) as again:
        greeted(again)
        again.send(bytes(64 * 1024 + 1))
        assert end_of(again) == 1009


def test_a_screen_ends_with_its_server(people, engine, bridge) -> None:
    server, client = running_server(people.bob), client_of(people.bob)
    with bridge.come(server, client, token_for(client, server)) as line:
        greeted(line)
        stop_server(server, actor=people.bob)
        run_jobs()
        assert end_of(line) == CLOSE_CODES["server-stopped"]


def test_a_screen_ends_when_its_server_is_deleted(people, engine, bridge) -> None:
    server, client = running_server(people.bob), client_of(people.bob)
    token = token_for(client, server)
    with bridge.come(server, client, token_for(client, server)) as line:
        greeted(line)
        delete_server(server, delete_disks=True, actor=people.bob)
        run_jobs()
        assert end_of(line) in (CLOSE_CODES["server-stopped"], CLOSE_CODES["not-allowed"])
    with pytest.raises(InvalidStatus) as away:
        bridge.come(server, client, token)
    assert away.value.response.status_code == 404


@pytest.mark.slow(reason="the bridge looks every three seconds")
@pytest.mark.parametrize("end", ["session-over", "not-allowed"])
def test_a_screen_ends_when_its_session_or_membership_does(people, engine, bridge, end: str) -> None:
    server, client = running_server(people.bob), client_of(people.bob)
    with bridge.come(server, client, token_for(client, server)) as line:
        greeted(line)
        if end == "session-over":
            client.logout()
        else:
            Membership.objects.filter(user=people.bob.user).update(role="read-only")
        assert end_of(line) == CLOSE_CODES[end]


@pytest.mark.slow(reason="the bridge looks every three seconds")
def test_a_screen_at_which_nobody_types_is_closed_and_nothing_secret_is_logged(people, engine) -> None:
    server, client = running_server(people.bob), client_of(people.bob)
    with running_bridge(IMS_SCREEN_IDLE_MIN="0.03", IMS_LOG_LEVEL="DEBUG") as bridge:
        token = token_for(client, server)
        with bridge.come(server, client, token) as line:
            greeted(line)
            assert end_of(line) == CLOSE_CODES["idle"]
        other = token_for(client, server)
        with bridge.come(server, client, other) as line:
            greeted(line)
            said = bridge.end()
            assert end_of(line) == 1001
    assert f"Screen of server {server.pk} opened" in said
    assert f"Screen of server {server.pk} closed" in said
    for secret in (token, other, cookies_of(client), client.session.session_key):
        assert str(secret) not in said
    assert "Traceback" not in said


def test_a_link_in_the_place_of_a_screen_is_not_followed(people, engine, tmp_path) -> None:
    server = running_server(people.bob)
    (tmp_path / "vnc.sock").symlink_to(engine.console_endpoint(server.ref).path)
    for path in (tmp_path / "vnc.sock", tmp_path / "nothing", tmp_path):
        with pytest.raises(OSError):  # noqa: PT011 - whatever it is
            connect_to(path)
