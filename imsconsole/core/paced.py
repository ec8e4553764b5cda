"""Answers of servers that may not be slow: what arrives on a connection is measured where it arrives.

A time-out of a socket is one for each byte. So every line of an answer, those between its chunks included, meets
three clocks here: the header's, the whole download's, and a floor of bytes for the time that was waited.
"""

import io
import socket
import time
from dataclasses import dataclass
from functools import partial
from http.client import HTTPResponse
from typing import Any

from urllib3 import HTTPConnectionPool

from imsconsole.core.errors import ImsError


class DownloadFailed(ImsError):
    """The other side did not deliver; the code says what happened."""

    http_status = 502
    retryable = True
    default_code = "download-broken"


@dataclass(frozen=True)
class Pace:
    """How fast an answer must be: its header in `header_seconds`, `floor_bytes` in each `floor_seconds` of waiting."""

    header_seconds: float = 30
    floor_bytes: int = 60 * 1024
    floor_seconds: float = 60


def pace(pool: HTTPConnectionPool, wanted: Pace, deadline: float) -> None:
    """Have the answers on all connections of a pool raise DownloadFailed when they are too slow."""
    connect: Any = pool.ConnectionCls

    def connect_paced(**options: Any) -> Any:
        connection = connect(**options)
        connection.response_class = partial(_Paced, pace=wanted, deadline=deadline)
        return connection

    pool.ConnectionCls = connect_paced  # type: ignore[assignment]


class _Paced(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, pace: Pace, deadline: float, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp.close()
        self._arriving = _Arriving(sock, pace, deadline)
        self.fp = io.BufferedReader(self._arriving)

    def begin(self) -> None:
        super().begin()
        self._arriving.header_until = float("inf")


class _Arriving(io.RawIOBase):
    """The bytes of a socket. Only waiting for them counts against the floor, not what is done with them."""

    def __init__(self, sock: socket.socket, pace: Pace, deadline: float) -> None:
        self._raw: Any = sock.makefile("rb", buffering=0)
        self._pace, self._deadline = pace, deadline
        self.header_until = time.monotonic() + pace.header_seconds
        self._waited, self._came = 0.0, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        began = time.monotonic()
        count: int = self._raw.readinto(buffer)
        now = time.monotonic()
        if now > self._deadline:
            raise DownloadFailed("download-too-slow")
        if now > self.header_until:
            raise DownloadFailed("download-header-slow", seconds=self._pace.header_seconds)
        self._waited, self._came = self._waited + now - began, self._came + count
        if count and self._waited > self._pace.floor_seconds:
            self._require_floor()
        return count

    def _require_floor(self) -> None:
        if self._came < self._pace.floor_bytes:
            floor = self._pace.floor_bytes / self._pace.floor_seconds
            raise DownloadFailed("download-drips", bytes_per_second=round(floor))
        self._waited, self._came = 0.0, 0

    def close(self) -> None:
        self._raw.close()
        super().close()
