"""A real bridge to the screens on the test's database and data folder, and a browser's way in."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.test import Client
from django.urls import reverse
from websockets.sync.client import ClientConnection, connect

from imsconsole.cloud.models import Server
from tests.support.console import free_port
from tests.support.workers import until, worker_environment

ORIGIN = "http://localhost:8000"


class RunningBridge:
    """`manage.py run_screens`, and how browsers come to it."""

    def __init__(self, port: int, process: "subprocess.Popen[str]") -> None:
        self.port, self.process = port, process

    def come(
        self, server: Server, client: Client, token: str, origin: str = ORIGIN, *, channel: str = "binary"
    ) -> ClientConnection:
        """Open the screen, or the channel "serial", as a browser does. Raises websockets' InvalidStatus when turned away."""
        return connect(
            f"ws://localhost:{self.port}/{server.pk}",
            origin=origin,  # type: ignore[arg-type]
            subprotocols=[channel, f"ims-token.{token}"],  # type: ignore[list-item]
            additional_headers={"Cookie": cookies_of(client)},
            compression=None,
        )

    def is_reachable(self) -> bool:
        with socket.socket() as line:
            return line.connect_ex(("127.0.0.1", self.port)) == 0

    def end(self) -> str:
        """Ask it to end; what it said all the time."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.communicate(timeout=20)[0]


@contextmanager
def running_bridge(**environment: str) -> Iterator[RunningBridge]:
    """Needs `@pytest.mark.django_db(transaction=True)`."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "run_screens", "--port", str(port)],
        cwd=settings.BASE_DIR,
        env={**worker_environment(), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    bridge = RunningBridge(port, process)
    try:
        until(bridge.is_reachable, "the bridge listens")
        yield bridge
    finally:
        process.kill()
        process.communicate(timeout=60)


def token_for(client: Client, server: Server, origin: str = ORIGIN, *, what: str = "screen") -> str:
    """A token as the page gets it."""
    url = reverse(f"servers:open-{what}", args=[server.pk])
    answer = client.post(url, headers={"origin": origin, "host": "localhost:8000"})
    assert answer.status_code == 200, answer.content
    return str(answer.json()["token"])


def cookies_of(client: Client) -> str:
    return "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
