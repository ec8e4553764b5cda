"""A connection that breaks half-way: a port on this host that leads to another one, until so many bytes have come through.

with leading_to("127.0.0.1", 25501) as way:
    way.cut_after(1_000_000)   # bytes of all answers from now on: then every connection ends, once
    …
    assert way.cuts == 1
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Way:
    """`port` is this end. `came` are the bytes of answers so far, `went` those of requests."""

    def __init__(self, host: str, port: int) -> None:
        self._there = host, port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._cut_at = self._cut_request_at = 0
        self.came = self.went = self.cuts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    def cut_after(self, count: int) -> None:
        with self._lock:
            self._cut_at = self.came + count

    def cut_request_after(self, count: int) -> None:
        """The same of what goes there."""
        with self._lock:
            self._cut_request_at = self.went + count

    def cut(self) -> None:
        """End all connections."""
        with self._lock:
            ended, self._open = self._open, set()
        for each in ended:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def close(self) -> None:
        self._listening.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.create_connection(self._there)
                with self._lock:
                    self._open |= {near, far}
                for source, target in ((near, far), (far, near)):
                    threading.Thread(
                        target=self._pass_on, args=(source, target, source is far), daemon=True
                    ).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(65536):
                if self._is_cut(len(piece)) if is_answer else self._is_request_cut(len(piece)):
                    return self.cut()
                target.sendall(piece)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
        return None

    def _is_cut(self, count: int) -> bool:
        with self._lock:
            self.came += count
            is_cut = 0 < self._cut_at <= self.came
            if is_cut:
                self._cut_at, self.cuts = 0, self.cuts + 1
        return is_cut

    def _is_request_cut(self, count: int) -> bool:
        with self._lock:
            self.went += count
            is_cut = 0 < self._cut_request_at <= self.went
            if is_cut:
                self._cut_request_at, self.cuts = 0, self.cuts + 1
        return is_cut


@contextmanager
def leading_to(host: str, port: int) -> Iterator[Way]:
    way = Way(host, port)
    try:
        yield way
    finally:
        way.close()
