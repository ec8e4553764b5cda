"""No page waits for an engine, another program or another host: pages read rows, the clock and the workers ask."""

import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.admin import site
from django.test import Client
from django.urls import reverse

from imsconsole.accounts.models import User
from imsconsole.audit.models import Event
from imsconsole.cloud.hosts import host_of
from imsconsole.cloud.models import Server
from tests import factories
from tests.conftest import client_of
from tests.house.test_urls import ADDRESSES, METHODS, things, url_of  # noqa: F401
from tests.support.engines import UnreachableEngine, engine_of_region
from tests.support.walks import stop

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
    shown = {"images": image.pk, "servers": server.pk, "disks": disk.pk, "backups": backup.pk}
    client = client_of(people.bob)
    for url in (
        "/", "/images/", "/images/?tab=private", "/images/choose/", "/images/create/", "/servers/", "/servers/create/",
        "/disks/", "/disks/create/", "/backups/", "/backups/create/", "/vaults/", "/keys/", "/keypairs/", "/buckets/", "/jobs/",
        "/audit/", "/messages/", "/market/", "/sharing/", "/project/", f"/servers/{server.pk}/change-os/",
        f"/images/{image.pk}/copy/", f"/images/{image.pk}/export/", *(f"/{kind}/{pk}/" for kind, pk in shown.items()),
    ):  # fmt: skip
        answer = client.get(url, follow=True)
        assert answer.status_code == 200, url
        assert asked == [], url


def test_a_program_would_be_noticed(asked: list[str]) -> None:
    subprocess.run(["true"], check=True)
    assert any("subprocess.Popen" in event for event in asked)


UNSEEN = "servers:screen-picture"  # nobody could look
BYTES = (
    "images:download-stored"  # a file of the store on its way out: a thread for files waits for it, no page
)


@pytest.fixture
def unreachable(people, things: dict[str, Any]) -> Iterator[UnreachableEngine]:  # noqa: F811
    """The engine of a region that does not answer, under a server that ran when it did."""
    Server.objects.filter(pk=things["server_id"]).update(ref="there", status=Server.Status.RUNNING)
    factories.DiskFactory(server=Server.objects.get(pk=things["server_id"]), ref="system", status="in-use")
    engine = UnreachableEngine()
    with engine_of_region(people.alice.region.code, engine):
        yield engine


@pytest.mark.slow(reason="every page of the console is drawn, every form sent")
@pytest.mark.parametrize("method", METHODS)
def test_every_page_answers_when_its_region_does_not_and_reading_changes_nothing(
    method: str,
    people: SimpleNamespace,
    things: dict[str, Any],  # noqa: F811
    unreachable: UnreachableEngine,
    subtests: pytest.Subtests,
) -> None:
    client = client_of(people.alice)
    for name, places in ADDRESSES:
        if name != BYTES:
            with stop(subtests, name):
                unreachable.asked.clear()
                response = getattr(client, method)(url_of(name, places, things))
                assert response.status_code < 500 or name == UNSEEN
                assert response["Cache-Control"] == "no-store"
                assert method == "post" or not Event.objects.exists()
                assert unreachable.asked == []


@pytest.mark.slow(reason="every page of the administration is drawn")
def test_the_administration_answers_when_a_region_does_not(
    operator: User,
    things: dict[str, Any],  # noqa: F811
    unreachable: UnreachableEngine,
    subtests: pytest.Subtests,
) -> None:
    client = Client()
    client.force_login(operator)
    panels = [panel.opts for panel in site._registry.values()]
    lists = [reverse(f"admin:{each.app_label}_{each.model_name}_changelist") for each in panels]
    rows = [
        reverse(f"admin:{each.app_label}_{each.model_name}_change", args=[row.pk])
        for each in panels
        if (row := each.model._default_manager.first())
    ]
    for url in ("/admin/", *lists, *rows):
        with stop(subtests, url):
            assert client.get(url).status_code == 200
            assert unreachable.asked == []
