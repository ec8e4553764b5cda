"""Uploads over a real gunicorn: an independent client, kills of the server, cuts of the connection."""

import contextlib
import hashlib
import http.client
import os
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.test import Client
from tusclient.client import TusClient

from images.models import Upload
from images.receiving.progress import progress_of
from imsconsole.accounts.actor import Actor
from tests.conftest import client_of
from tests.images.create.importing import MIB, make_disks
from tests.images.uploads.tus import CHUNK_TYPE, TUS, VERSION, begin, offset_of, upload_at
from tests.support.clients import at
from tests.support.sweep import is_whole
from tests.support.web import WebServer
from tests.support.workers import until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.bytes,
    pytest.mark.slow(reason="starts gunicorn, which loads Django, again and again"),
]
CUTS = 20 if is_whole() else 10  # every other time the server is killed
SIZE = int(os.environ.get("UPLOAD_KILL_MIB", "64")) * MIB
CHUNK = min(64 * MIB, SIZE // 8)


@dataclass
class Sender:
    """A browser's session by hand, over a connection that can be cut at any byte."""

    port: int
    cookies: str
    token: str

    @classmethod
    def of(cls, actor: Actor, server: WebServer) -> "Sender":
        client: Client = client_of(actor)
        token = str(client.get("/uploads/").context["csrf_token"])
        jar = client.cookies
        return cls(server.port, "; ".join(f"{name}={jar[name].value}" for name in jar), token)

    @property
    def headers(self) -> dict[str, str]:
        return {"Cookie": self.cookies, "X-CSRFToken": self.token}

    def offset(self, address: str) -> int:
        connection = http.client.HTTPConnection("localhost", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request("HEAD", address, headers={**VERSION, **self.headers})
            response = connection.getresponse()
            assert response.status == 200, response.status
            return int(response.headers["Upload-Offset"])

    def send(self, address: str, path: Path, offset: int, length: int, cut_after: int | None = None) -> int:
        """PATCH; cut after so many bytes, if they are fewer. How many bytes went out."""
        connection = http.client.HTTPConnection("localhost", self.port, timeout=60)
        sent = 0
        with contextlib.closing(connection), path.open("rb") as file:
            file.seek(offset)
            connection.putrequest("PATCH", address)
            headers = {
                "Content-Type": CHUNK_TYPE,
                "Content-Length": str(length),
                "Upload-Offset": str(offset),
            }
            for name, value in {**VERSION, **self.headers, **headers}.items():
                connection.putheader(name, value)
            connection.endheaders()
            with contextlib.suppress(OSError, http.client.HTTPException):
                while sent < length:
                    piece = file.read(min(64 * 1024, length - sent))
                    connection.send(piece)
                    sent += len(piece)
                    if cut_after is not None and sent >= cut_after:
                        return sent
                connection.getresponse().read()
        return sent


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[WebServer]:
    """One for all: who kills it starts it again."""
    with WebServer() as running:
        yield running


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A raw disk of `SIZE`, its bytes random, behind a partition table."""
    path = make_disks(tmp_path) / "disk.raw"
    with path.open("ab") as file:
        while file.tell() < SIZE:
            file.write(os.urandom(min(MIB, SIZE - file.tell())))
    return path


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def settled(address: str, sender: Sender) -> int:
    """Where the upload goes on, once a broken connection has been written down."""
    upload = upload_at(address)
    if upload.state == Upload.State.RECEIVING:
        until(lambda: not progress_of(upload).is_busy, "nobody writes any more")
    return sender.offset(address)


def test_tuspy_uploads_ends_and_goes_on_by_the_address(
    people: SimpleNamespace, server: WebServer, disk: Path
):
    sender = Sender.of(people.bob, server)
    client = TusClient(f"{server.url}{at(people.bob.project, TUS)}", headers=sender.headers)
    with disk.open("rb") as file:
        uploader = client.uploader(file_stream=file, chunk_size=CHUNK, metadata={"filename": "tuspy.raw"})
        uploader.set_url(uploader.create_url())
        for _ in range(3):
            uploader.upload_chunk()
    assert uploader.offset == 3 * CHUNK

    with disk.open("rb") as file:
        again = TusClient(f"{server.url}{at(people.bob.project, TUS)}", headers=sender.headers)
        rest = again.uploader(file_stream=file, url=uploader.url, chunk_size=CHUNK, upload_checksum=True)
        assert rest.offset == 3 * CHUNK
        rest.upload()
    upload = Upload.objects.get()
    assert (upload.name, upload.state) == ("tuspy.raw", "complete")
    assert upload.found["sha256"] == sha256_of(disk)


def test_kills_and_cuts_at_random_points_cost_a_piece_each_and_no_byte(
    people: SimpleNamespace, server: WebServer, disk: Path
):
    rolled = random.Random(os.environ.get("UPLOAD_KILL_SEED", "7"))
    sender = Sender.of(people.bob, server)
    address = begin(client_of(people.bob), SIZE)
    sent = offset = 0
    for number, point in enumerate(sorted(rolled.sample(range(1, SIZE), CUTS))):
        while offset + CHUNK < point:
            sent += sender.send(address, disk, offset, CHUNK)
            offset = settled(address, sender)
        if offset >= point:
            continue
        length = min(CHUNK, SIZE - offset)
        if number % 2:
            went = sender.send(address, disk, offset, length, cut_after=point - offset)
            until(lambda: sender.offset(address) == offset + went, "every byte of it counts")  # noqa: B023
        else:
            kill = server.restart if number == 4 else server.kill_workers
            went = killed(kill, sender, address, disk, offset, length, point - offset)
        sent += went
        assert offset + went - settled(address, sender) <= CHUNK
        offset = settled(address, sender)
    while offset < SIZE:
        sent += sender.send(address, disk, offset, min(CHUNK, SIZE - offset))
        offset = settled(address, sender)
    upload = upload_at(address)
    assert upload.state == "complete"
    assert upload.found["sha256"] == sha256_of(disk) == sha256_of(upload.path)
    assert sent - SIZE <= CUTS * CHUNK
    print(f"{CUTS} cuts, {SIZE / MIB:.0f} MiB, sent again {(sent - SIZE) / MIB:.2f} MiB")  # noqa: T201


def killed(
    kill: Callable[[], None],
    sender: Sender,
    address: str,
    disk: Path,
    offset: int,
    length: int,
    into: int,
) -> int:
    """The server is killed while a piece is on its way, and there again; how many bytes went out."""
    path, target = upload_at(address).path, offset + max(0, into - MIB)
    went: list[int] = []
    thread = threading.Thread(
        target=lambda: went.append(sender.send(address, disk, offset, length, cut_after=into + MIB))
    )
    thread.start()
    until(lambda: path.exists() and path.stat().st_size >= target, "bytes arrived")  # sent is not arrived
    kill()
    thread.join()
    return went[0]


def test_one_process_goes_on_after_another_was_killed_in_mid_piece(
    people: SimpleNamespace, server: WebServer, disk: Path
):
    sender = Sender.of(people.bob, server)
    address = begin(client_of(people.bob), SIZE)
    went = killed(server.restart, sender, address, disk, 0, SIZE, SIZE // 2)
    offset = sender.offset(address)
    assert SIZE // 2 - MIB - CHUNK < offset <= went, "of what had arrived a piece is lost at most"
    assert upload_at(address).state == "receiving"
    sender.send(address, disk, offset, SIZE - offset)
    assert upload_at(address).found["sha256"] == sha256_of(disk)
    assert offset_of(client_of(people.bob), address) == SIZE
