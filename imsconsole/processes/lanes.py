"""gunicorn's worker with threads, which gives a thread to nobody who is slow.

Its loop reads a request until its head, and a short body, are there: only then does a thread answer it. A long
body and a long file have threads of their own, so that pages wait for none of them. Ends of answers, and connections
that end, are the loop's again.
"""

import errno
import re
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE
from socket import SHUT_WR, socket
from typing import Any

from django.conf import settings
from gunicorn.http import get_parser
from gunicorn.workers.gthread import TConn, ThreadWorker

from imsconsole.core.peers import Peers
from imsconsole.processes.patience import PacedSocket

HEAD_BYTES = 64 * 1024
SHORT_BODY_BYTES = 64 * 1024  # a form; longer ones are read by a thread
READ_BYTES = 64 * 1024
LINGER_S = 2.0  # in which the other end may read our last answer before it is cut off
NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
DRAIN_S = 0.1  # for the end of a body that nobody wanted
LOOK_EVERY_S = 1.0
FRAMING = re.compile(rb"\r\n(content-length|transfer-encoding):[ \t]*([^\r\n]*)", re.IGNORECASE)
EXPECTS = re.compile(rb"\r\nexpect:[ \t]*100-continue", re.IGNORECASE)
ANSWER = "HTTP/1.1 {}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Connection(TConn):
    """A client's. What has come of a request, and of how many bytes it is whole."""

    def __init__(self, worker: "LaneWorker", line: PacedSocket, client: Any, server: Any) -> None:
        super().__init__(worker.cfg, line, client, server)
        self.parser, self.initialized = get_parser(worker.cfg, line, client), True
        self.came = bytearray()
        self.whole_bytes: int | None = None  # unknown as long as there is no head
        self.is_long = False
        self.is_arriving = False
        self._leave: Callable[[], None] | None = partial(worker.peers.leave, client[0])

    def take(self, data: bytes) -> None:
        """More of the request. Raises ValueError when its head is too large."""
        searched = max(0, len(self.came) - 3)
        self.came += data
        if self.whole_bytes is None and (end := self.came.find(b"\r\n\r\n", searched)) >= 0:
            self._measure(bytes(self.came[: end + 4]))
        elif self.whole_bytes is None and len(self.came) > HEAD_BYTES:
            raise ValueError

    def _measure(self, head: bytes) -> None:
        """Guess where a thread will see the end: what is odd it will refuse, or not get all of."""
        self.whole_bytes, self.is_long = len(head), False
        for name, value in FRAMING.findall(head):
            digits = value.strip()
            is_length = name.lower() == b"content-length" and re.fullmatch(rb"[0-9]{1,18}", digits)
            if is_length and int(digits) <= SHORT_BODY_BYTES:
                self.whole_bytes = len(head) + int(digits)
            else:
                self.is_long = True
        if not self.is_long and len(self.came) < self.whole_bytes and EXPECTS.search(head):
            self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    @property
    def is_whole(self) -> bool:
        """Whether a thread has nothing to wait for, or a body that it is to read by itself."""
        return self.whole_bytes is not None and (self.is_long or len(self.came) >= self.whole_bytes)

    def hand_over(self) -> None:
        """What came is the parser's now."""
        self.parser.unreader.unread(bytes(self.came))
        self.came.clear()
        self.whole_bytes, self.is_arriving = None, False
        self.sock.patience_s = settings.IMS_PATIENCE_S

    def close(self, graceful: bool = False) -> None:
        super().close()
        if self._leave:
            self._leave()
            self._leave = None


class LaneWorker(ThreadWorker):
    """Threads for pages, as many for long bodies and files, and a loop for all that waits."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.peers = Peers()
        self.deadlines: dict[Connection, float] = {}  # of what the loop waits for; the longest first
        self._look_at = 0.0

    def init_process(self) -> None:
        self.long_lane: ThreadPoolExecutor = self.get_thread_pool()
        super().init_process()

    # what comes ----------------------------------------------------------------------------------------

    def accept(self, listener: socket) -> None:
        try:
            line, client = listener.accept()
        except (
            OSError
        ) as error:  # the other process was quicker, it went away, or there are no more descriptors
            if error.errno in NO_ROOM:
                self._end_longest()
            return
        if not self.peers.admit(client[0]):
            line.setblocking(False)
            line.send(ANSWER.format("429 Too Many Requests").encode())
            line.close()
            return
        if self.nr_conns >= self.worker_connections - 1:
            self._end_longest()
        self.nr_conns += 1
        self.enqueue_req(Connection(self, PacedSocket(line), client, listener.getsockname()))

    def enqueue_req(self, conn: Connection) -> None:
        """A request may come: wait for all that a thread would wait for."""
        read = conn.parser.unreader.take_buffered()
        conn.is_arriving = True
        self._wait(conn, EVENT_READ, self._read, settings.IMS_PATIENCE_S)
        if read:
            self._take(conn, read)

    def _read(self, conn: Connection) -> None:
        try:
            data = conn.sock.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._take(conn, data)
        else:
            self._end(conn)

    def _take(self, conn: Connection, data: bytes) -> None:
        try:
            conn.take(data)
        except (ValueError, OSError):
            self._refuse(conn, "431 Request Header Fields Too Large")
            return
        if conn.is_whole:
            self._unwait(conn)
            conn.hand_over()
            self._submit(self.long_lane if conn.is_long else self.tpool, conn, self.handle, conn)

    # what goes -----------------------------------------------------------------------------------------

    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:
        return keepalive and bool(conn.parser.finish_body(deadline=time.monotonic() + DRAIN_S))

    def finish_request(self, conn: Connection, fs: "Future[Any]") -> None:
        """The thread has no more to do; what it answered may still be on its way."""
        if conn.sock.fileno() < 0 or fs.cancelled() or fs.exception():
            self._end(conn)
        elif conn.sock.file:
            self._submit(self.long_lane, conn, self._send_file, conn, fs.result())
        elif conn.sock.unsent:
            self._wait(conn, EVENT_WRITE, partial(self._send, fs), conn.sock.patience_s)
        elif fs.result() and self.alive:
            super().finish_request(conn, fs)
        else:
            self._linger(conn)

    def _send_file(self, conn: Connection, keepalive: bool) -> bool:
        try:
            conn.sock.send_file()
        except (OSError, EOFError):
            conn.sock.cut()
        return keepalive

    def _send(self, fs: "Future[Any]", conn: Connection) -> None:
        try:
            conn.sock.flush()
        except OSError:
            self._end(conn)
            return
        if conn.sock.unsent:
            self.deadlines[conn] = time.monotonic() + conn.sock.patience_s
        else:
            self._unwait(conn)
            self.finish_request(conn, fs)

    def _linger(self, conn: Connection) -> None:
        """Let the other end read our last answer: to close at once would take it away when it still sends."""
        try:
            conn.sock.shutdown(SHUT_WR)
        except OSError:
            self._end(conn)
        else:
            self._wait(conn, EVENT_READ, self._discard, LINGER_S)

    def _discard(self, conn: Connection) -> None:
        try:
            if conn.sock.recv(READ_BYTES):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._end(conn)

    # what the loop waits for ---------------------------------------------------------------------------

    def _submit(
        self, lane: ThreadPoolExecutor, conn: Connection, work: Callable[..., Any], *arguments: Any
    ) -> None:
        future = lane.submit(work, *arguments)
        future.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))

    def _wait(
        self, conn: Connection, event: int, go_on: Callable[[Connection], None], seconds: float
    ) -> None:
        conn.sock.setblocking(False)
        self.deadlines[conn] = time.monotonic() + seconds
        self.poller.register(conn.sock, event, partial(self._go_on, go_on, conn))

    def _go_on(self, go_on: Callable[[Connection], None], conn: Connection, _line: socket) -> None:
        if conn in self.deadlines:  # else it was ended after the poller had seen it
            go_on(conn)

    def _unwait(self, conn: Connection) -> None:
        del self.deadlines[conn]
        self.poller.unregister(conn.sock)

    def murder_pending(self) -> None:
        """End what the loop has waited for long enough; and when the worker ends, those that ask for nothing."""
        now = time.monotonic()
        if now < self._look_at and self.alive:
            return
        self._look_at = now + LOOK_EVERY_S
        for conn, deadline in [*self.deadlines.items()]:
            if conn.is_arriving and deadline <= now:
                self._read(conn)  # what came while this process had no time
            if conn not in self.deadlines:
                continue
            if conn.is_arriving and conn.came and deadline <= now:
                self._refuse(conn, "408 Request Timeout")
            elif deadline <= now or (conn.is_arriving and not conn.came and not self.alive):
                self._end(conn)

    def _end_longest(self) -> None:
        """Room for others: of those that let the loop wait, the one that came first goes."""
        if self.deadlines:
            self._end(next(iter(self.deadlines)))

    def _refuse(self, conn: Connection, status: str) -> None:
        self._unwait(conn)
        conn.is_arriving = False
        try:
            conn.sock.sendall(ANSWER.format(status).encode())
        except OSError:
            self._end(conn)
        else:
            self._linger(conn)

    def _end(self, conn: Connection) -> None:
        if conn in self.deadlines:
            self._unwait(conn)
        self.nr_conns -= 1
        conn.close()
