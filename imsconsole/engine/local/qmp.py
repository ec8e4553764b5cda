"""A short conversation with a guest's QEMU over its control socket.

Of our own because it must be synchronous and bounded in time wherever it is called from, in
threads and beside a running event loop too, which the asyncio client of `qemu.qmp` cannot. QEMU
serves one client at a time and leaves a second one waiting without a word: a lock lines them up.
"""

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from imsconsole.core.errors import ImsError, Unavailable
from imsconsole.engine.local.store import RUN

LOCK_FILE = "qmp.lock"
SOCKET = "qmp.sock"
TIME_LIMIT_S = 10.0


class QmpError(ImsError):
    """QEMU refused a command; `detail` is its own description."""

    default_code = "qemu-refused"


class Qmp:
    """An open conversation. Commands in, return values out; events on the way are dropped."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._rest = b""

    def command(self, name: str, **arguments: Any) -> Any:
        """Raises QmpError when QEMU refuses, Unavailable when it does not answer."""
        request = {"execute": name, "arguments": arguments} if arguments else {"execute": name}
        try:
            self._line.sendall(json.dumps(request).encode() + b"\n")
        except OSError as error:
            raise Unavailable("qemu-silent", detail=str(error)) from error
        while True:
            answer = self.receive()
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise QmpError(detail=answer["error"]["desc"], command=name)

    def receive(self) -> dict[str, Any]:
        while b"\n" not in self._rest:
            try:
                piece = self._line.recv(65536)
            except OSError as error:
                raise Unavailable("qemu-silent", detail=str(error)) from error
            if not piece:
                raise Unavailable("qemu-silent", detail="the line was closed")
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        return dict(json.loads(line))


@contextmanager
def qmp(folder: Path, *, time_limit_s: float = TIME_LIMIT_S) -> Iterator[Qmp]:
    """A conversation with the guest whose folder this is. Raises Unavailable."""
    number = _open(folder)
    try:
        with _turn(folder, time_limit_s), socket.socket(socket.AF_UNIX) as line:
            line.settimeout(time_limit_s)
            _connect(line, number)
            talk = Qmp(line)
            talk.receive()
            talk.command("qmp_capabilities")
            yield talk
    finally:
        os.close(number)


def _open(folder: Path) -> int:
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise Unavailable("qemu-silent", detail=str(error)) from error


def _connect(line: socket.socket, folder: int) -> None:
    """A socket's name is limited to 108 bytes: go through the open folder instead of its path."""
    try:
        line.connect(f"/proc/self/fd/{folder}/{RUN}/{SOCKET}")
    except OSError as error:
        raise Unavailable("qemu-silent", detail=str(error)) from error


@contextmanager
def _turn(folder: Path, time_limit_s: float) -> Iterator[None]:
    deadline = time.monotonic() + time_limit_s
    with (folder / LOCK_FILE).open("ab") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Unavailable("qemu-busy") from None
                time.sleep(0.02)
        yield
