"""The real web server and people who are slow: by design or by their line."""

import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from time import sleep
from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.buckets.sending import token_of
from imsconsole.cloud.buckets.store import incoming_ids
from imsconsole.cloud.models import BucketObject
from imsconsole.core.now import now
from tests.cloud.buckets.making import stored
from tests.conftest import client_of
from tests.factories import BucketFactory
from tests.images.create.importing import MIB
from tests.images.uploads.tus import CHUNK_TYPE, TUS, begin, look, upload_at
from tests.support.clients import at
from tests.support.web import WebServer, answers
from tests.support.workers import until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow(reason="starts gunicorn, and is slow to it"),
]
FORM = (
    "POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    "Content-Length: {}\r\n\r\n"
)
STALLED = {  # what is sent, and what comes at last
    "nothing": (b"", b""),
    "half a head": (b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: a", b" 408 "),
    "half a form": (FORM.format(500).encode() + b"login=", b" 408 "),
    "half of a large form": (FORM.format(5_000_000).encode() + b"login=", b" 413 "),
    "an answer that ends": (b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n", b" 503 "),
}
FRAMINGS = (
    ("Content-Length: 5\r\nTransfer-Encoding: chunked", b" 400 "),
    ("Content-Length: 5\r\nContent-Length: 6", b" 400 "),
    ("Content-Length: +5", b" 400 "),
    ("Content-Length: " + "9" * 5000, b" 400 "),
    ("X: " + "9" * 70_000, b" 431 "),
)
MANY = 40  # more than there are threads


@pytest.fixture(scope="module")
def server(django_db_setup: None, django_db_blocker: Any) -> Iterator[WebServer]:
    """One for all: what it keeps of a test's rows is in the database, which is as it was after each."""
    with (
        django_db_blocker.unblock(),
        WebServer(IMS_PATIENCE_S="2", IMS_CONNECTIONS_PER_ADDRESS="300") as server,
    ):
        yield server


@contextmanager
def connections(server: WebServer, count: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        at_server = ("127.0.0.1", server.port)
        yield [stack.enter_context(socket.create_connection(at_server, timeout=60)) for _ in range(count)]


def told(line: socket.socket) -> bytes:
    """All that comes until the server closes."""
    said = b""
    try:
        while piece := line.recv(65536):
            said += piece
    except ConnectionResetError:
        pass
    return said


def is_cut(line: socket.socket) -> bool:
    """Whether the server has thrown away what was not read."""
    poll = select.poll()
    poll.register(line, 0)
    return bool(poll.poll(0))


def head_of(actor: Actor, method: str, path: str, length: int, **headers: str) -> bytes:
    """Of a request by somebody who is signed in."""
    client = client_of(actor)
    client.get(reverse("uploads:list"))
    token = client.cookies["csrftoken"].value
    cookies = "; ".join(f"{name}={cookie.value}" for name, cookie in client.cookies.items())
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return (
        f"{method} {at(actor.project, path)} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookies}\r\nX-CSRFToken: {token}\r\n"
        f"{more}Content-Length: {length}\r\n\r\n"
    ).encode()


def chunk_of(actor: Actor, address: str, length: int) -> bytes:
    more = {"Tus_Resumable": "1.0.0", "Upload_Offset": "0", "Content_Type": CHUNK_TYPE}
    return head_of(actor, "PATCH", address, length, **more)


def drip(line: socket.socket) -> None:
    """A byte now and then, until the server says something."""
    while not select.select([line], [], [], 0.05)[0]:
        line.sendall(b"x")


def test_whoever_stalls_holds_no_thread_and_is_sent_away(
    server: WebServer, subtests: pytest.Subtests
) -> None:
    with ExitStack() as stack:
        stalled = {kind: stack.enter_context(connections(server, MANY)) for kind in STALLED}
        for kind, lines in stalled.items():  # all at once: each kind is waited for as long as all
            for line in lines:
                line.sendall(STALLED[kind][0])
        assert answers(server.url)
        for kind, lines in stalled.items():
            with subtests.test(kind):
                said = [told(line) for line in lines]
                assert [each[:40] for each in said if STALLED[kind][1] not in each[:20]] == []
    with subtests.test("a head that drips"), connections(server, 1) as [line]:
        line.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: ")
        drip(line)
        assert answers(server.url)


def test_an_upload_that_drips_is_ended_and_what_came_is_kept(
    people: SimpleNamespace, server: WebServer
) -> None:
    client = client_of(people.bob)
    address = begin(client, MIB)
    with connections(server, 1) as [line]:
        line.sendall(chunk_of(people.bob, address, MIB) + b"\x55\xaa" * 100_000)
        drip(line)
        answer = told(line)
        until(lambda: "IMS-Busy" not in look(client, address), "others may go on")
    assert b" 204 " in answer[:20], answer
    assert 100_000 < int(look(client, address)["Upload-Offset"]) < 201_000
    assert upload_at(address).state == "receiving"


def test_a_slow_line_is_as_good_as_another(people: SimpleNamespace, server: WebServer) -> None:
    """20 KB/s for several times as long as is waited for who is slow."""
    client, content = client_of(people.bob), b"\x55\xaa" * 40_000
    address = begin(client, len(content))
    with connections(server, 1) as [line]:
        line.sendall(chunk_of(people.bob, address, len(content)))
        for begin_at in range(0, len(content), 2_000):
            line.sendall(content[begin_at : begin_at + 2_000])
            sleep(0.1)
        answer = line.recv(65536)
    assert b" 204 " in answer[:20] or b" 422 " in answer[:20], answer
    assert upload_at(address).state != "receiving"


def test_a_file_in_a_form_that_drips_is_ended_and_nothing_is_left(
    people: SimpleNamespace, server: WebServer
) -> None:
    bucket = BucketFactory(project=people.bob.project)
    fields = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.raw"\r\n\r\n' + b"x" * 100_000
    path = reverse("buckets:upload", args=[bucket.pk])
    head = head_of(people.bob, "POST", path, 10 * MIB, Content_Type="multipart/form-data; boundary=x")
    with connections(server, 1) as [line]:
        line.sendall(head + fields)
        drip(line)
        assert b" 409 " in told(line)[:20]
    assert not BucketObject.objects.exists()
    assert [*incoming_ids()] == []


def test_who_reads_nothing_of_a_file_holds_up_no_pages_and_is_cut_off(
    people: SimpleNamespace, server: WebServer
) -> None:
    bucket = BucketFactory(project=people.bob.project)
    kept = stored(bucket, people.bob, "a.raw", b"seed" * 5_000_000)
    path = reverse("buckets:linked", args=[token_of(kept, now() + timedelta(hours=1))])
    with connections(server, MANY) as lines:
        for line in lines:
            line.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert answers(server.url)
        until(lambda: all(map(is_cut, lines)), "the server had enough")


def test_an_address_has_so_many_connections_and_no_more() -> None:
    with (
        WebServer(IMS_CONNECTIONS_PER_ADDRESS="3", IMS_PATIENCE_S="2") as server,
        connections(server, 20) as lines,
    ):
        assert sum(b" 429 " in told(line)[:20] for line in lines) >= 20 - 2 * 3
        assert answers(server.url)


def test_requests_on_one_connection_are_answered_in_turn(server: WebServer) -> None:
    ask = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connections(server, 1) as [line]:
        line.sendall(ask)
        assert line.recv(65536).startswith(b"HTTP/1.1 ")
        line.sendall(ask + FORM.format(6).encode() + b"login=" + ask)
        said = told(line)
    assert [part[:4] for part in said.split(b"HTTP/1.1 ")[1:]] == [b"503 ", b"403 ", b"503 "]


def test_who_asks_whether_to_go_on_is_told(people: SimpleNamespace, server: WebServer) -> None:
    address = begin(client_of(people.bob), 100_000)
    for head in (FORM.format(6).encode(), chunk_of(people.bob, address, 100_000)):
        with connections(server, 1) as [line]:
            line.sendall(head.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
            assert line.recv(65536).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")


def test_what_could_be_read_in_two_ways_is_refused(server: WebServer, subtests: pytest.Subtests) -> None:
    for framing, status in FRAMINGS:
        with subtests.test(framing[:40]), connections(server, 1) as [line]:
            head = f"POST {TUS} HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n"
            line.sendall(f"{head}GET / HTTP/1.1\r\n\r\n".encode())
            said = told(line)
            assert status in said[:20]
            assert said.count(b"HTTP/1.1 ") == 1
