"""Regions on clouds: one of which nobody listens at its address, one that takes calls and never answers."""

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from imsconsole.accounts.models import Region
from imsconsole.cloud.engines import forget_engines
from tests import factories

PASSWORD = "never-to-be-seen-9f3c"


@pytest.fixture
def on_cloud(settings, tmp_path: Path) -> Iterator[Callable[..., Region]]:
    """Makes a region on a cloud whose sign-in is at a port of this host; all of them answer within a second, or not."""
    clouds = tmp_path / "clouds.yaml"
    settings.IMS_CLOUDS = str(clouds)
    settings.IMS_CLOUD_TIMEOUT_S = 1
    clouds.write_text("clouds:\n")

    def make(port: int, code: str = "sky-1") -> Region:
        with clouds.open("a") as file:
            file.write(
                f"  {code}:\n    auth: {{auth_url: 'http://127.0.0.1:{port}/v3', username: ims, password: {PASSWORD}, "
                "project_name: ims, user_domain_id: default, project_domain_id: default}\n"
            )
        region = Region.objects.create(code=code, name="Sky", engine="openstack", cloud=code)
        factories.ZoneFactory(code=f"{code}a", region=region)
        return region

    yield make
    forget_engines()


@pytest.fixture
def nobodys_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mute:
    """Whoever calls is let in, and hears nothing."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._server.setblocking(False)
        self._open: list[socket.socket] = []
        self.port = int(self._server.getsockname()[1])

    def callers(self) -> int:
        """How many have called since this was asked last."""
        before = len(self._open)
        with suppress(BlockingIOError):
            while True:
                self._open.append(self._server.accept()[0])
        return len(self._open) - before

    def close(self) -> None:
        for each in (self._server, *self._open):
            each.close()


@pytest.fixture
def mute() -> Iterator[Mute]:
    server = Mute()
    yield server
    server.close()
