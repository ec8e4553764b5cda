"""Bytes over a real gunicorn: an upload against `cat`, `sync` and `sha256sum` of the same file, a download against `cat`."""

import http.client
import os
import socket
import subprocess
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.test import Client
from django.urls import reverse

from imsconsole.accounts.actor import Actor, service_actor
from imsconsole.accounts.models import Account, Membership, Project, Region, Role, User
from imsconsole.cloud.buckets.sending import token_of
from imsconsole.core.now import now
from imsconsole.engine.types import MIB
from tests.bench.figures import Figure
from tests.bench.timing import paired
from tests.cloud.buckets.making import stored
from tests.factories import BucketFactory
from tests.images.uploads.tus import CHUNK_TYPE, VERSION, begin
from tests.support.clients import ProjectClient
from tests.support.web import WebServer

TITLE = "Bytes through the web server"
SIZE = 512 * MIB
PIECE = 64 * MIB  # what the uploader in the browser sends at once


def figures(base: Path) -> list[Figure]:
    """Needs a database."""
    settings.ALLOWED_HOSTS = ["testserver"]
    source = _source(base)
    client, actor = _signed_in()
    address = _object_of(source, actor)
    with WebServer() as server:
        up = paired(lambda: _upload(client, source, server.port), lambda: _bare(source, base / "copy.raw"), 3)
        down = paired(lambda: _download(address, server.port), lambda: _cat(source), 7)
    size = f"{SIZE // MIB} MiB"
    how = (
        f"{size} in pieces of {PIECE // MIB}: {_rate(up.ours)} MiB/s, cat + sync + sha256sum {_rate(up.bare)}"
    )
    return [
        Figure("upload, to the bare speed", 1 / up.ratio, "×", 0.9, is_least=True, how=how),
        Figure("download, to the bare speed", 1 / down.ratio, "×", 0.9, is_least=True, how=f"{size}, cat into a pipe"),
        Figure("download", _rate(down.ours), "MiB/s", 1000, is_least=True, how=f"cat {_rate(down.bare)}"),
    ]  # fmt: skip


def _rate(ms: float) -> int:
    return round(SIZE / MIB / (ms / 1000))


def _source(base: Path) -> Path:
    path = base / "upload.raw"
    with path.open("wb") as file:
        for _ in range(SIZE // MIB):
            file.write(os.urandom(MIB))
    label = {"input": "label: dos\n,,83,*\n", "text": True, "check": True, "capture_output": True}
    subprocess.run(["sfdisk", "-q", "--no-tell-kernel", path], **label)  # type: ignore[call-overload]
    return path


def _signed_in() -> tuple[Client, Actor]:
    region, _ = Region.objects.get_or_create(code="bench", defaults={"name": "Bench"})
    account = Account.objects.create(name="bench-uploads")
    project = Project.objects.create(account=account, region=region, name="bench-uploads")
    user = User.objects.create_user("bench-uploads")
    Membership.objects.create(user=user, account=account, role=Role.ADMINISTRATOR)
    client = ProjectClient(project)
    client.force_login(user)
    return client, service_actor(project)


def _upload(client: Client, source: Path, port: int) -> None:
    client.get("/uploads/")
    token = client.cookies["csrftoken"].value
    address = begin(client, SIZE)
    cookies = "; ".join(f"{name}={client.cookies[name].value}" for name in client.cookies)
    headers = {**VERSION, "Content-Type": CHUNK_TYPE, "Cookie": cookies, "X-CSRFToken": token}
    connection = http.client.HTTPConnection("127.0.0.1", port)
    with source.open("rb") as file:
        for offset in range(0, SIZE, PIECE):
            connection.putrequest("PATCH", address)
            for name, value in {
                **headers,
                "Upload-Offset": str(offset),
                "Content-Length": str(PIECE),
            }.items():
                connection.putheader(name, value)
            connection.endheaders()
            connection.sock.sendfile(file, offset, PIECE)
            response = connection.getresponse()
            response.read()
            assert response.status == 204, response.status
    connection.close()
    client.delete(address, headers=VERSION)


def _bare(source: Path, target: Path) -> None:
    with target.open("wb") as file:
        subprocess.run(["cat", source], stdout=file, check=True)
        os.fsync(file.fileno())
    subprocess.run(["sha256sum", source], stdout=subprocess.DEVNULL, check=True)
    target.unlink()


def _object_of(source: Path, actor: Actor) -> str:
    """The address of an object with these bytes, for anybody."""
    kept = stored(BucketFactory(project=actor.project), actor, "disk.raw", source.read_bytes())
    return reverse("buckets:linked", args=[token_of(kept, now() + timedelta(hours=1))])


def _download(address: str, port: int) -> None:
    """As fast as a client can take it: nothing is looked at but how much came."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"GET {address} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        buffer, came = bytearray(MIB), 0
        while piece := connection.recv_into(buffer):
            came += piece
    assert came > SIZE, came


def _cat(source: Path) -> None:
    with subprocess.Popen(["cat", source], stdout=subprocess.PIPE, bufsize=0) as cat:
        buffer = bytearray(MIB)
        while cat.stdout.readinto(buffer):  # type: ignore[union-attr]
            pass
