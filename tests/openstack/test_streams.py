"""Bytes on their way to and from a server over real connections, which are cut, refused, or begin at the first byte."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import pytest
import requests

from imsconsole.core.errors import Unavailable
from imsconsole.engine.openstack.streams import Body, Reader, sent
from imsconsole.engine.types import MIB
from tests.engine.guests import Stopped, TestWork, stop

CONTENT = bytes(range(256)) * (12 * 1024)  # 3 MiB


@dataclass
class Store:
    """What is stored, and how its server behaves: it ends each answer after `cut` bytes, and may know no ranges."""

    content: bytes = CONTENT
    cut: int = 0
    ranges: bool = True
    asked: list[int] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def store() -> Iterator[Store]:
    there = Store()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "bytes=0-")
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if there.ranges else 0
            there.asked.append(start)
            left = there.content[start:]
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(left)))
            self.end_headers()
            self.wfile.write(left[: there.cut] if there.cut else left)

        def do_PUT(self) -> None:
            there.content = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    there.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield there
    server.shutdown()
    thread.join()
    server.server_close()


def reading(store: Store, offset: int = 0) -> Reader:
    def ask(at: int) -> requests.Response:
        headers = {"Range": f"bytes={at}-"} if at else {}
        return requests.get(store.url, headers=headers, stream=True, timeout=10)

    return Reader(ask, offset, len(store.content))


@pytest.mark.parametrize("offset", [0, 1, 2 * MIB + 5, 3 * MIB])
@pytest.mark.parametrize("ranges", [True, False])
def test_all_comes_from_any_byte_on_however_often_it_is_cut(store: Store, offset: int, ranges: bool) -> None:
    store.cut, store.ranges = MIB if ranges else 0, ranges
    with reading(store, offset) as stream:
        assert stream.read() == CONTENT[offset:]
    assert len(store.asked) == (-(-(3 * MIB - offset) // MIB) if ranges else offset < 3 * MIB)


@pytest.mark.slow(reason="it waits longer before each try")
def test_what_stays_cut_is_told(store: Store) -> None:
    store.cut = MIB
    with reading(store) as stream:
        assert stream.read(100) == CONTENT[:100]
        store.content = b""
        with pytest.raises(Unavailable) as refusal:
            stream.readall()
    assert refusal.value.code == "cloud-silent"
    assert store.asked == [0] + [MIB] * 5


def put(store: Store) -> Callable[[Body], object]:
    return lambda body: requests.put(store.url, data=body, timeout=10).raise_for_status()


def test_what_is_sent_is_what_the_source_had_and_has_its_checksum(store: Store) -> None:
    work, body = TestWork(), Body(lambda: BytesIO(CONTENT * 2), 6 * MIB)
    sent(put(store), body, work)
    assert store.content == CONTENT * 2
    assert body.checksum == f"sha512:{hashlib.sha512(CONTENT * 2).hexdigest()}"
    assert work.reports[-1] == (6 * MIB, 6 * MIB)


def test_a_body_that_is_sent_again_begins_anew(store: Store) -> None:
    body = Body(lambda: BytesIO(CONTENT), 3 * MIB)
    assert b"".join(body) == b"".join(body) == CONTENT
    assert body.checksum == f"sha512:{hashlib.sha512(CONTENT).hexdigest()}"


def test_an_upload_ends_with_its_work(store: Store) -> None:
    """A slow source: the next byte is not asked for."""
    released = threading.Event()

    class Slow(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                released.wait(60)
            return super().read(size)

    def end() -> None:
        released.set()
        stop()

    body = Body(lambda: Slow(CONTENT), 3 * MIB)
    with pytest.raises(Stopped):
        sent(put(store), body, TestWork(on_report=end))
    assert body.done < 3 * MIB


def test_a_source_that_ends_early_is_no_upload(store: Store) -> None:
    with pytest.raises(requests.RequestException):
        sent(put(store), Body(lambda: BytesIO(b"short"), MIB), TestWork())
    assert store.content in (CONTENT, b"short")
