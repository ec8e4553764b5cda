"""As a unit of systemd: the socket is there before the process, which says when it is ready and ends without cutting anybody off."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from django.conf import settings

from tests.support.workers import until, worker_environment

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow(reason="web servers and bridges start"),
]
# as systemd does: the socket as descriptor 3, meant for this very process
HANDED = 'exec env LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES="$1" "$2" manage.py "$3" 3<&"$4"'
LONG = 100 * 1024  # a body that is read by a thread
COMMANDS = {"web": "run_web", "screens": "run_screens"}


class Given:
    """A command that is given the socket it listens at, and told where it is to say that it is ready."""

    def __init__(self, name: str, folder: Path) -> None:
        self.line = socket.create_server(("127.0.0.1", 0))
        self.told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.told.bind(str(folder / "notify"))
        self.told.settimeout(60)
        number = self.line.fileno()
        self.process = subprocess.Popen(
            ["bash", "-c", HANDED, "bash", name, sys.executable, COMMANDS[name], str(number)],
            cwd=settings.BASE_DIR,
            env={
                **worker_environment(),
                "NOTIFY_SOCKET": str(folder / "notify"),
                "IMS_PORT": "1",  # at which nobody could listen who is not given it
                "IMS_SCREEN_PORT": "1",
                "IMS_BIND": "203.0.113.1",
                "IMS_GRACE_S": "60",
                "IMS_PATIENCE_S": "60",
            },
            pass_fds=(number,),
            stderr=subprocess.DEVNULL,
        )

    def connected(self) -> socket.socket:
        return socket.create_connection(self.line.getsockname(), timeout=60)

    def holds_its_line(self) -> bool:
        """Whether the process has it, apart from us."""
        ours = os.fstat(self.line.fileno()).st_ino
        held: list[str] = []
        for each in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # it is closed by now
                held.append(os.readlink(each))
        return f"socket:[{ours}]" in held

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.line.close()
        self.told.close()


@pytest.fixture
def given(tmp_path: Path) -> Iterator[list[Given]]:
    started: list[Given] = []
    yield started
    for each in started:
        each.close()


def before_it_has_started(one: Given) -> None:
    """Who comes then is answered."""
    with one.connected() as early:
        early.sendall(b"GET /healthz/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert one.told.recv(100).startswith(b"READY=1")
        assert early.recv(100).startswith(b"HTTP/1.1 ")


def test_whoever_comes_before_pages_or_after_they_are_told_to_end_is_answered(
    given: list[Given], tmp_path: Path
) -> None:
    given.append(one := Given("web", tmp_path))
    before_it_has_started(one)
    with one.connected() as late:
        head = f"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: {LONG}\r\nExpect: 100-continue\r\n\r\n"
        late.sendall(head.encode())
        assert late.recv(100).startswith(b"HTTP/1.1 100 ")  # a thread waits for the body
        one.process.send_signal(signal.SIGTERM)
        until(lambda: not one.holds_its_line(), "it listens no more")
        late.sendall(b"x" * LONG)
        assert late.recv(100).startswith(b"HTTP/1.1 4")
    assert one.process.wait(60) == 0


def test_whoever_comes_before_the_screens_is_answered(given: list[Given], tmp_path: Path) -> None:
    given.append(one := Given("screens", tmp_path))
    before_it_has_started(one)
