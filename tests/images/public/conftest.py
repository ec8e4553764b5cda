"""A publisher of images on this host, and a catalogue that names it."""

import hashlib
import lzma
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from images.public.platform import platform_actor
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import User
from tests import factories
from tests.images.create.importing import make_disks
from tests.support.file_server import Server, serving

ENTRY = """
[[image]]
key = "{key}"
name = "One"
os = "Debian 12.0.0 64bit"
architecture = "x86"
boot_modes = ["uefi", "bios"]
url = "{url}"
checksums = "{sums}"
compression = "{compression}"
page = "https://example.org/"
min_ram_mb = 256
checked_on = ""
"""


@pytest.fixture
def publisher(settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    """Serves /one.qcow2 and /one.qcow2.xz with /SHA256SUMS; the entries are called one and packed."""
    with serving() as server:
        publish(server, make_disks(tmp_path).joinpath("disk.qcow2").read_bytes())
        catalogue = tmp_path / "catalogue.toml"
        sums = server.url("/SHA256SUMS")
        catalogue.write_text(
            ENTRY.format(key="one", url=server.url("/one.qcow2"), sums=sums, compression="")
            + ENTRY.format(key="packed", url=server.url("/one.qcow2.xz"), sums=sums, compression="xz")
        )
        settings.IMS_PUBLIC_CATALOGUE = str(catalogue)
        settings.IMS_DOWNLOAD_HOSTS = settings.IMS_IMPORT_HOSTS = frozenset({"localhost"})
        monkeypatch.setenv("IMS_DOWNLOAD_HOSTS", "localhost")  # for workers of their own
        yield server


def publish(server: Server, image: bytes) -> None:
    packed = lzma.compress(image, preset=0)
    server.files = {"/one.qcow2": image, "/one.qcow2.xz": packed}
    lines = [f"{hashlib.sha256(body).hexdigest()}  {path[1:]}" for path, body in server.files.items()]
    server.files["/SHA256SUMS"] = "\n".join(lines).encode()


@pytest.fixture
def platform(people: SimpleNamespace, operator: User) -> Actor:
    """The operator at work. There are two regions."""
    factories.RegionFactory(code="cn-south-1")
    return platform_actor(operator)
