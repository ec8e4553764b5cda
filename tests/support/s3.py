"""A real S3 server on this host: SeaweedFS, whose one program comes as a package of Python."""

import random
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.test import override_settings

from imsconsole.settings import s3_storages
from tests.support.workers import until

WEED = Path(sys.executable).with_name("weed")
KEY, SECRET, REGION = "console", "console-secret", "us-east-1"
IDENTITIES = f"""{{"identities": [{{"name": "console", "actions": ["Admin"],
  "credentials": [{{"accessKey": "{KEY}", "secretKey": "{SECRET}"}}]}}]}}"""


class S3Server:
    """Keeps what it is given in a folder; `kill` and `start` are a crash of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "data").mkdir()
        (folder / "identities.json").write_text(IDENTITIES)
        self.port, *self.others = ports(9)
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Start, and wait until it answers."""
        master, master_rpc, volume, volume_rpc, filer, filer_rpc, s3_rpc, catalogue = self.others
        ports = {
            "master.port": master, "master.port.grpc": master_rpc,
            "volume.port": volume, "volume.port.grpc": volume_rpc,
            "filer.port": filer, "filer.port.grpc": filer_rpc,
            "s3.port": self.port, "s3.port.grpc": s3_rpc, "s3.port.iceberg": catalogue,
        }  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    WEED, "-logtostderr=true", "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3",
                    f"-dir={self.folder / 'data'}", f"-s3.config={self.folder / 'identities.json'}",
                    "-volume.max=0", "-master.volumeSizeLimitMB=256", "-master.telemetry=false", "-s3.port.lance=0",
                    *(f"-{name}={port}" for name, port in ports.items()),
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
            )  # fmt: skip
        client = self.client(retries={"total_max_attempts": 1})
        until(
            lambda: self.answers(client) or self.process.poll() is not None,
            "the S3 server answered",
            pause_s=0.1,  # asking costs more than starting
        )
        assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]

    def answers(self, client: Any) -> bool:
        """Whether it takes objects: its parts find each other later than the first answers."""
        try:
            with suppress(client.exceptions.BucketAlreadyExists, client.exceptions.BucketAlreadyOwnedByYou):
                client.create_bucket(Bucket="probe")
            client.put_object(Bucket="probe", Key="probe", Body=b"x")
            client.get_object(Bucket="probe", Key="probe")["Body"].read()
        except (BotoCoreError, ClientError):
            return False
        return True

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def client(self, **options: Any) -> Any:
        """boto3's, with the right key."""
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            config=Config(signature_version="s3v4", **options),
        )

    def storages(self, bucket: str) -> dict[str, dict[str, Any]]:
        """Those of a console that keeps its objects, and what waits, there."""
        return s3_storages(bucket, endpoint=self.url, region=REGION, access_key=KEY, secret_key=SECRET)


def ports(count: int) -> list[int]:
    """Free ones that no connection is given while the server is down: of those the system hands out, one might be."""
    found: list[int] = []
    for port in random.SystemRandom().sample(range(20_000, 32_000), 1000):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            return found
    raise AssertionError("no port is free")


@contextmanager
def bucket_of(server: S3Server, **changes: Any) -> Iterator[SimpleNamespace]:
    """An empty bucket of the server, in which this console keeps its objects: `names()` are what lies in it."""
    name, client = f"b{uuid4().hex}", server.client()
    client.create_bucket(Bucket=name)

    def names() -> list[str]:
        return [each["Key"] for each in client.list_objects_v2(Bucket=name).get("Contents", [])]

    try:
        with override_settings(STORAGES=settings.STORAGES | server.storages(name), **changes):
            yield SimpleNamespace(name=name, client=client, names=names)
    finally:  # each has volumes of its own, of which there are not many
        for key in names():
            client.delete_object(Bucket=name, Key=key)
        client.delete_bucket(Bucket=name)


@contextmanager
def running_s3(folder: Path) -> Iterator[S3Server]:
    server = S3Server(folder)
    try:
        yield server
    finally:
        server.kill()
        for port in (server.port, *server.others):  # of killed ones
            for path in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                path.unlink()
