"""No page waits for an engine, another program or another host: pages read rows, the clock and the workers ask."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from imsconsole.cloud.hosts import host_of
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
ASKS = (
    "subprocess.Popen",
    "os.fork",
    "os.posix_spawn",
    "os.exec",
    "os.system",
    "socket.connect",
    "socket.getaddrinfo",
)
WATCHED: list[list[str]] = []


def notice(event: str, args: object) -> None:
    if WATCHED and event in ASKS:
        WATCHED[-1].append(f"{event} {args}")


sys.addaudithook(notice)  # one cannot take it away


@pytest.fixture
def asked(people) -> Iterator[list[str]]:
    """What is asked; but for the user of guests, once in a process, whether the folder of its region can be reached."""
    host_of(people.bob.region)
    WATCHED.append([])
    yield WATCHED[-1]
    WATCHED.pop()


@pytest.mark.slow(reason="every list and many pages are looked at")
def test_no_page_asks_anything_but_the_database(people, asked: list[str]) -> None:
    project, zone = people.bob.project, factories.ZoneFactory(code="cn-north-4a", region=people.bob.region)
    image = factories.ImageFactory(project=project)
    factories.FlavorFactory()
    server = factories.ServerFactory(project=project, image=image, zone=zone, status="running")
    disk = factories.DiskFactory(project=project, server=server, zone=zone, image=image, role="system")
    backup = factories.BackupFactory(project=project)
    things = {"images": image.pk, "servers": server.pk, "disks": disk.pk, "backups": backup.pk}
    client = client_of(people.bob)
    for url in (
        "/", "/images/", "/images/?tab=private", "/images/choose/", "/images/create/", "/servers/", "/servers/create/",
        "/disks/", "/disks/create/", "/backups/", "/backups/create/", "/vaults/", "/keys/", "/keypairs/", "/buckets/", "/jobs/",
        "/audit/", "/messages/", "/market/", "/sharing/", "/project/", f"/servers/{server.pk}/change-os/",
        f"/images/{image.pk}/copy/", f"/images/{image.pk}/export/", *(f"/{kind}/{pk}/" for kind, pk in things.items()),
    ):  # fmt: skip
        answer = client.get(url, follow=True)
        assert answer.status_code == 200, url
        assert asked == [], url


def test_a_program_would_be_noticed(asked: list[str]) -> None:
    subprocess.run(["true"], check=True)
    assert any("subprocess.Popen" in event for event in asked)
