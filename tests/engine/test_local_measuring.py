"""One QEMU that says nothing, or never an end, does not keep the others from being measured."""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from imsconsole.core.errors import Unavailable
from imsconsole.engine.local.engine import LocalEngine
from imsconsole.engine.local.measuring import bytes_of_disks
from imsconsole.engine.local.qmp import SOCKET, qmp
from imsconsole.engine.local.store import RUN
from tests.engine.guests import TestWork, server_spec, state_of, stored_image


@pytest.mark.guest
def test_a_qemu_that_does_not_answer_has_its_process_measured_and_nobody_waits(
    local: LocalEngine, place: Path
) -> None:
    image = stored_image(local, place, "HELLO")
    silent, other = (local.create_server(server_spec(), image.ref, work=TestWork()) for _ in range(2))
    pids = [state_of(local, local.start(server, work=TestWork())).pid for server in (silent, other)]
    assert pids[0]
    os.kill(pids[0], signal.SIGSTOP)
    try:
        found = local.uses([silent.ref, other.ref], limit_s=20)
    finally:
        os.kill(pids[0], signal.SIGCONT)
    assert found[silent.ref].read_bytes is found[silent.ref].written_bytes is None
    assert found[silent.ref].memory_bytes
    assert found[other.ref].read_bytes is not None
    assert local.uses([silent.ref], limit_s=20)[silent.ref].read_bytes is not None


@contextmanager
def answering(folder: Path, answer: Callable[[socket.socket], None]) -> Iterator[None]:
    """Who listens in the place of a QEMU, and does that to whoever comes."""
    (folder / RUN).mkdir(exist_ok=True)

    def serve() -> None:
        line, _ = server.accept()
        with line, suppress(OSError):  # who listened has gone
            answer(line)

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / RUN / SOCKET))
        server.listen(1)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        thread.join()


def saying(said: str) -> Callable[[socket.socket], None]:
    """After a greeting; until nobody listens any more."""

    def talk(line: socket.socket) -> None:
        line.sendall("\n".join(["{}", '{"return": {}}', said, ""]).encode())
        while line.recv(65536):
            pass

    return talk


def test_a_qemu_that_never_comes_to_an_end_is_not_listened_to_for_ever(place: Path) -> None:
    """It sends byte after byte, each before anybody's patience ends."""
    over = threading.Event()

    def drip(line: socket.socket) -> None:
        while not over.wait(0.01):
            line.sendall(b" ")

    with answering(place, drip):
        with pytest.raises(Unavailable, match="qemu-silent"), qmp(place, time_limit_s=5, ends_at=0):
            pass
        over.set()


@pytest.mark.parametrize(
    "said",
    [
        '{"return": 7}',
        '{"return": [7]}',
        '{"return": [{"stats": {"rd_bytes": 1e999, "wr_bytes": 0}}]}',
        '{"return": [{"stats": {"rd_bytes": -1, "wr_bytes": 0}}]}',
        '{"return": [{"stats": {"rd_bytes": 9223372036854775808, "wr_bytes": 0}}]}',
        '{"return": [{"stats": {"wr_bytes": 0}}]}',
        '{"error": 7}',
        "[7]",
        "nonsense",
        "[" * 100_000,
    ],
)
def test_what_a_qemu_says_that_was_taken_over_is_not_measured(place: Path, said: str) -> None:
    with answering(place, saying(said)):
        assert bytes_of_disks(place, time.monotonic() + 60) is None


def test_what_a_qemu_says_is_added_up(place: Path) -> None:
    drives = [{"stats": {"rd_bytes": 2, "wr_bytes": 3}}, {"stats": {"rd_bytes": 5, "wr_bytes": 0}}]
    with answering(place, saying(json.dumps({"return": drives}))):
        assert bytes_of_disks(place, time.monotonic() + 60) == (7, 3)
