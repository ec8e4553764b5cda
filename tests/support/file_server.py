"""A web server on this host, for downloads: serves files by Range, redirects, and every way to misbehave."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONTENT = bytes(range(256)) * 4096  # 1 MiB


class Server(ThreadingHTTPServer):
    """Serves `files`; notes what it was asked: paths with their ranges."""

    daemon_threads = True

    def __init__(self, address: str = "0.0.0.0") -> None:
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        super().__init__((address, 0), Handler)
        self.asked: list[tuple[str, str]] = []
        self.location = ""
        self.files = {"/file": CONTENT}
        self.cut_after = 0  # bytes of the body after which each connection breaks, 0: none
        self.version = '"1"'
        # to `/raw`, header and all, by its range
        self.answer: Callable[[str], Iterable[bytes]] = lambda asked: ()

    def handle_error(self, *_: object) -> None:
        """Those who hang up on us are what most of these tests are about."""

    @property
    def port(self) -> int:
        return self.server_address[1]

    def url(self, path: str, host: str = "localhost") -> str:
        return f"http://{host}:{self.port}{path}"


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None: ...

    def do_GET(self) -> None:
        self.close_connection = True
        self.server.asked.append((self.path, self.headers.get("Range", "")))
        if self.path in self.server.files:
            self.send_file(self.server.files[self.path])
        elif send := getattr(self, f"send_{self.path.strip('/')}", None):
            send()
        else:
            self.head(404, 0)

    def do_CONNECT(self) -> None:
        self.server.asked.append((f"CONNECT {self.path}", ""))
        self.send_error(403)

    def head(self, status: int, length: int | None = None, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def send_redirect(self) -> None:
        self.head(302, 0, Location=self.server.location.encode().decode("latin-1"))

    def send_secret(self) -> None:
        self.head(200, 6)
        self.wfile.write(b"secret")

    def send_file(self, content: bytes) -> None:
        start = 0
        if self.headers.get("If-Range") == self.server.version:
            start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
        body = content[start:]
        part = {"Content_Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
        self.head(206 if start else 200, len(body), ETag=self.server.version, **part)
        self.wfile.write(body[: self.server.cut_after or None])

    def send_endless(self) -> None:
        self.head(200)
        while True:
            self.wfile.write(CONTENT)

    def send_raw(self) -> None:
        for piece in self.server.answer(self.headers.get("Range", "")):
            self.wfile.write(piece)

    def send_trickle(self) -> None:
        self.head(200)
        while True:
            self.wfile.write(b".")
            time.sleep(0.05)


@contextmanager
def serving(context: ssl.SSLContext | None = None, address: str = "0.0.0.0") -> Iterator[Server]:
    server = Server(address)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
