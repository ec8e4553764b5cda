"""A short conversation with a guest's QEMU over its control socket.

Of our own because it must be synchronous and bounded in time wherever it is called from, in
threads and beside a running event loop too, which the asyncio client of `qemu.qmp` cannot. QEMU
serves one client at a time and leaves a second one waiting without a word: a lock lines them up.
"""

import fcntl
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from imsconsole.core.errors import ImsError, Unavailable
from imsconsole.core.sockets import connect_to
from imsconsole.engine.local.store import RUN

LOCK_FILE = "qmp.lock"
SOCKET = "qmp.sock"
TIME_LIMIT_S = 10.0


class QmpError(ImsError):
    """QEMU refused a command; `detail` is its own description."""

    default_code = "qemu-refused"


class Qmp:
    """An open conversation. Commands in, return values out; events on the way are dropped.

    With `ends_at` (`time.monotonic`) no answer is waited for any longer, however it comes.
    """

    def __init__(self, line: socket.socket, ends_at: float | None = None) -> None:
        self._line, self._ends_at = line, ends_at
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
                if self._ends_at is not None:
                    self._line.settimeout(max(self._ends_at - time.monotonic(), 0.001))
                piece = self._line.recv(65536)
            except OSError as error:
                raise Unavailable("qemu-silent", detail=str(error)) from error
            if not piece:
                raise Unavailable("qemu-silent", detail="the line was closed")
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        return dict(json.loads(line))


@contextmanager
def qmp(folder: Path, *, time_limit_s: float = TIME_LIMIT_S, ends_at: float | None = None) -> Iterator[Qmp]:
    """A conversation with the guest whose folder this is; all of it until `ends_at`, if given. Raises Unavailable."""
    with _turn(folder, time_limit_s), _connected(folder, time_limit_s) as line:
        talk = Qmp(line, ends_at)
        talk.receive()
        talk.command("qmp_capabilities")
        yield talk


def _connected(folder: Path, time_limit_s: float) -> socket.socket:
    try:
        return connect_to(folder / RUN / SOCKET, time_limit_s)
    except OSError as error:
        raise Unavailable("qemu-silent", detail=str(error)) from error


@contextmanager
def _turn(folder: Path, time_limit_s: float) -> Iterator[None]:
    deadline = time.monotonic() + time_limit_s
    try:
        lock = (folder / LOCK_FILE).open("ab")
    except FileNotFoundError as error:
        raise Unavailable("qemu-silent", detail=str(error)) from error
    with lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Unavailable("qemu-busy") from None
                time.sleep(0.02)
        yield
