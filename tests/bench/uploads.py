"""An upload over a real gunicorn, hashed and inspected as it comes, against `cat` and `sha256sum` of the same file."""

import http.client
import os
import subprocess
import sys
import time
from pathlib import Path

from django.conf import settings
from django.test import Client

from imsconsole.accounts.models import Account, Membership, Project, Region, Role, User
from imsconsole.engine.types import MIB
from tests.bench.timing import median_ms
from tests.images.uploads.tus import CHUNK_TYPE, VERSION, begin
from tests.support.clients import ProjectClient

SIZE = 512 * MIB
PIECE = 64 * MIB  # what the uploader in the browser sends at once
PORT = 8497


def table(base: Path) -> tuple[str, list[str], list[list[str]]]:
    """Needs the database that `pages.table` has made."""
    source = _source(base)
    client = _signed_in()
    server = _gunicorn()
    try:
        ours = median_ms(lambda: _upload(client, source), 3)
    finally:
        server.terminate()
        server.wait()
    bare = median_ms(lambda: _bare(source, base / "copy.raw"), 3)
    rate, bare_rate = SIZE / MIB / (ours / 1000), SIZE / MIB / (bare / 1000)
    row = [
        "upload in pieces of 64 MiB",
        f"{SIZE // MIB} MiB",
        f"{rate:.0f}",
        f"{bare_rate:.0f}",
        f"{ours / bare:.2f}",
    ]
    return "Uploads", ["what", "size", "ours MB/s", "cat, fsync + sha256sum MB/s", "ratio of time"], [row]


def _source(base: Path) -> Path:
    path = base / "upload.raw"
    with path.open("wb") as file:
        for _ in range(SIZE // MIB):
            file.write(os.urandom(MIB))
    label = {"input": "label: dos\n,,83,*\n", "text": True, "check": True, "capture_output": True}
    subprocess.run(["sfdisk", "-q", path], **label)  # type: ignore[call-overload]
    return path


def _signed_in() -> Client:
    account = Account.objects.create(name="bench-uploads")
    region = Region.objects.first()
    assert region
    project = Project.objects.create(account=account, region=region, name="bench-uploads")
    user = User.objects.create_user("bench-uploads")
    Membership.objects.create(user=user, account=account, role=Role.ADMINISTRATOR)
    client = ProjectClient(project)
    client.force_login(user)
    return client


def _gunicorn() -> "subprocess.Popen[bytes]":
    options = f"--bind 127.0.0.1:{PORT} --worker-class gthread --workers 2 --threads 8 --no-control-socket"
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "imsconsole.wsgi", *options.split(), "--log-level", "error"],
        cwd=settings.BASE_DIR,
    )
    while True:
        try:
            http.client.HTTPConnection("127.0.0.1", PORT).connect()
        except ConnectionRefusedError:
            time.sleep(0.1)
            continue
        return server


def _upload(client: Client, source: Path) -> None:
    client.get("/uploads/")
    token = client.cookies["csrftoken"].value
    address = begin(client, SIZE)
    cookies = "; ".join(f"{name}={client.cookies[name].value}" for name in client.cookies)
    headers = {**VERSION, "Content-Type": CHUNK_TYPE, "Cookie": cookies, "X-CSRFToken": token}
    connection = http.client.HTTPConnection("127.0.0.1", PORT)
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
