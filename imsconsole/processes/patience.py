"""A connection whose other end may be slow: for how long a thread waits for it is earned by bytes."""

import errno
import os
import select
import socket
import struct
import time
from typing import IO, Any

from django.conf import settings

UNSENT_BYTES = 256 * 1024  # of an answer for which no thread waits; pages are smaller
FILE_BYTES = 1024 * 1024  # of a file at once
LUMP_BYTES = 64 * 1024  # what the kernel may have unsent; with more, a slow reader seems to stand still


class TooSlow(TimeoutError):
    """The other end sends or reads less than the floor."""

    def __init__(self) -> None:
        super().__init__(errno.ECONNRESET, "The other end is too slow")


class PacedSocket(socket.socket):
    """Waits for the other end for `IMS_PATIENCE_S` altogether; each byte gives back what it may take at the floor.

    The floor is `IMS_SLOWEST_BYTES_S`. The end of an answer, or a whole short one, is kept in `unsent`; a file
    waits to be sent by `send_file`. So only who sends or asks for much can hold a thread. After `setblocking(False)`
    nothing waits.
    """

    def __init__(self, line: socket.socket) -> None:
        super().__init__(fileno=line.detach())
        super().setblocking(False)
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, LUMP_BYTES)
        self.unsent = bytearray()
        self.file: tuple[int, int, int] | None = None
        self.patience_s: float = settings.IMS_PATIENCE_S
        self._limit_s: float | None = 0

    def setblocking(self, flag: bool) -> None:
        self._limit_s = None if flag else 0

    def settimeout(self, value: float | None) -> None:
        self._limit_s = value

    def gettimeout(self) -> float | None:
        return self._limit_s

    def recv(self, size: int, flags: int = 0) -> bytes:
        while True:
            try:
                data = super().recv(size, flags)
            except BlockingIOError:
                if self._limit_s == 0:
                    raise
                self._wait(select.POLLIN)
            else:
                self._earn(len(data))
                return data

    def sendall(self, data: Any, flags: int = 0) -> None:
        self.send_file()
        self.unsent += data
        self.flush()
        while len(self.unsent) > UNSENT_BYTES and self._limit_s != 0:
            self._wait(select.POLLOUT)
            self.flush()

    def sendfile(self, file: IO[bytes] | Any, offset: int = 0, count: int | None = None) -> int:
        """A long file is only put down; whoever has time calls `send_file`."""
        number = file.fileno()
        count = os.fstat(number).st_size - offset if count is None else count
        if count <= UNSENT_BYTES:
            self.sendall(os.pread(number, count, offset))
        else:
            self.file = os.dup(number), offset, count
        return count

    def flush(self) -> None:
        """Send what goes out at once of what is unsent. Raises OSError."""
        try:
            while self.unsent:
                sent = self.send(self.unsent)
                del self.unsent[:sent]
                self._earn(sent)
        except BlockingIOError:
            pass

    def send_file(self) -> None:
        """Send the file that waits, after what is unsent. Raises OSError, and EOFError when it is shorter than it was."""
        if not self.file:
            return
        (number, offset, count), self.file = self.file, None
        try:
            while self.unsent:
                self._wait(select.POLLOUT)
                self.flush()
            while count:
                try:
                    sent = os.sendfile(self.fileno(), number, offset, min(count, FILE_BYTES))
                except BlockingIOError:
                    self._wait(select.POLLOUT)
                    continue
                if not sent:
                    raise EOFError
                offset, count = offset + sent, count - sent
                self._earn(sent)
        finally:
            os.close(number)

    def cut(self) -> None:
        """Close, and let the kernel throw away what the other end does not read."""
        self.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.unsent.clear()
        self.close()

    def close(self) -> None:
        if self.file:
            os.close(self.file[0])
            self.file = None
        if self.unsent:
            self.cut()
        super().close()

    def _wait(self, event: int) -> None:
        poll, began = select.poll(), time.monotonic()
        poll.register(self, event)
        limit_s = self.patience_s if self._limit_s is None else min(self.patience_s, self._limit_s)
        ready = poll.poll(max(limit_s, 0) * 1000)
        self.patience_s -= time.monotonic() - began
        if not ready:
            raise TooSlow

    def _earn(self, size_bytes: int) -> None:
        earned_s = size_bytes / settings.IMS_SLOWEST_BYTES_S
        self.patience_s = min(settings.IMS_PATIENCE_S, self.patience_s + earned_s)
