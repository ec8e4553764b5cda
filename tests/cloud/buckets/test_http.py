"""Objects through the real web server: parts go out by the kernel, a killed upload leaves nothing to be seen."""

import hashlib
import socket
from collections.abc import Iterator
from datetime import timedelta
from http.client import HTTPConnection, HTTPResponse
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from django.urls import reverse

from imsconsole.cloud.buckets.sending import token_of
from imsconsole.cloud.buckets.store import incoming_ids, stored_ids
from imsconsole.cloud.buckets.sweep import sweep_objects
from imsconsole.cloud.models import Bucket, BucketObject
from imsconsole.core import now as clock
from imsconsole.core.now import now
from imsconsole.jobs.quotas import used_by
from tests.cloud.buckets.making import stored
from tests.conftest import client_of
from tests.factories import BucketFactory
from tests.support.clients import at
from tests.support.web import WebServer
from tests.support.workers import until

pytestmark = [
    pytest.mark.slow(reason="starts gunicorn"),
    pytest.mark.django_db(transaction=True),
]
CONTENT = hashlib.sha256(b"seed").digest() * 100_000  # 3.2 MB: more than any buffer on the way


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[WebServer]:
    """One for all: who kills it starts it again."""
    with WebServer() as running:
        yield running


@pytest.fixture
def bucket(people: SimpleNamespace) -> Bucket:
    return BucketFactory(project=people.bob.project)


def ask(server: WebServer, method: str, path: str, **headers: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def test_wholes_and_parts_arrive_as_they_are(people, bucket, server) -> None:
    kept = stored(bucket, people.bob, "磁盘.raw", CONTENT)
    path = reverse("buckets:linked", args=[token_of(kept, now() + timedelta(hours=1))])
    assert ask(server, "GET", path)[1] == CONTENT
    answer, none = ask(server, "HEAD", path)
    assert (none, answer.getheader("Content-Length")) == (b"", str(len(CONTENT)))
    for asked, piece in (
        ("bytes=0-0", CONTENT[:1]),
        ("bytes=1000000-2999999", CONTENT[1_000_000:3_000_000]),
        ("bytes=3199999-", CONTENT[3_199_999:]),
        ("bytes=-5", CONTENT[-5:]),
    ):
        answer, body = ask(server, "GET", path, Range=asked)
        assert (answer.status, answer.getheader("Content-Length")) == (206, str(len(piece)))
        assert body == piece, asked
    assert ask(server, "GET", path, Range="bytes=3200000-")[0].status == 416


def test_of_a_killed_upload_nothing_is_seen_and_the_clock_removes_the_rest(people, bucket, server) -> None:
    connection = half_sent(people, bucket, server)
    until(lambda: BucketObject.objects.arriving().exists() and list(incoming_ids()), "the upload began")
    assert used_by(people.bob.project)["bucket_bytes"] >= len(CONTENT)
    server.kill_workers()
    connection.close()
    assert not BucketObject.objects.stored().exists()
    clock.move(timedelta(hours=2))
    sweep_objects()
    assert used_by(people.bob.project)["bucket_bytes"] == 0
    assert [*stored_ids(), *incoming_ids()] == []


def test_an_upload_whose_connection_breaks_leaves_nothing_at_once(people, bucket, server) -> None:
    connection = half_sent(people, bucket, server)
    until(lambda: list(incoming_ids()), "the upload began")
    connection.close()
    until(lambda: not BucketObject.objects.exists(), "what was reserved is given back")
    assert [*stored_ids(), *incoming_ids()] == []


def half_sent(people: SimpleNamespace, bucket: Bucket, server: WebServer) -> socket.socket:
    """A form of which half of the file is on its way."""
    client = client_of(people.bob)
    page = client.get(reverse("buckets:upload", args=[bucket.pk]))
    token = page.context["csrf_token"]
    cookies = "; ".join(f"{name}={cookie.value}" for name, cookie in client.cookies.items())
    fields = (
        f'--x\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{token}\r\n'
        '--x\r\nContent-Disposition: form-data; name="file"; filename="a.raw"\r\n\r\n'
    )
    head = (
        f"POST {at(bucket.project, reverse('buckets:upload', args=[bucket.pk]))} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookies}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n"
        f"Content-Length: {len(fields) + len(CONTENT) + 7}\r\n\r\n"
    )
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    connection.sendall(head.encode() + fields.encode() + CONTENT[: len(CONTENT) // 2])
    return connection
