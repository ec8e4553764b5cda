"""The bridge and connections that come to no handshake."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.support.screens import RunningBridge, running_bridge

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow(reason="starts a bridge, and is slow to it"),
]
HALF = b"GET /x HTTP/1.1\r\nHost: localhost\r\nX: "


@pytest.fixture
def bridge() -> Iterator[RunningBridge]:
    with running_bridge(IMS_PATIENCE_S="1", IMS_CONNECTIONS_PER_ADDRESS="3") as running:
        yield running


def ended(line: socket.socket) -> bool:
    """Whether the bridge ends it, which is waited for."""
    try:
        return line.recv(1024) == b"" or ended(line)
    except ConnectionResetError:
        return True


def test_half_a_handshake_is_not_waited_for_and_an_address_has_so_many(bridge: RunningBridge) -> None:
    for begun in (b"", HALF):
        with ExitStack() as stack:
            to = ("127.0.0.1", bridge.port)
            lines = [stack.enter_context(socket.create_connection(to, timeout=60)) for _ in range(5)]
            for line in lines[:3]:
                line.sendall(begun)
            assert all(ended(line) for line in lines[3:])
            assert all(ended(line) for line in lines[:3])
