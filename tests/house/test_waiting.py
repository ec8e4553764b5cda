"""No page waits for an engine, another program or another host: pages read rows, the clock and the workers ask.

Every page and form of the console, whose region does not answer: `test_hostile_values`.
"""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.admin import site
from django.test import Client
from django.urls import reverse

from imsconsole.accounts.models import User
from imsconsole.cloud.hosts import host_of
from imsconsole.cloud.models import Server
from tests import factories
from tests.house.test_urls import things  # noqa: F401
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


def test_a_program_would_be_noticed(asked: list[str]) -> None:
    subprocess.run(["true"], check=True)
    assert any("subprocess.Popen" in event for event in asked)


@pytest.fixture
def unreachable(people, things: dict[str, Any]) -> Iterator[UnreachableEngine]:  # noqa: F811
    """The engine of a region that does not answer, under a server that ran when it did."""
    Server.objects.filter(pk=things["server_id"]).update(ref="there", status=Server.Status.RUNNING)
    factories.DiskFactory(server=Server.objects.get(pk=things["server_id"]), ref="system", status="in-use")
    engine = UnreachableEngine()
    with engine_of_region(people.alice.region.code, engine):
        yield engine


@pytest.mark.pages
@pytest.mark.slow(reason="every page of the administration is drawn")
def test_the_administration_answers_when_a_region_does_not(
    operator: User,
    things: dict[str, Any],  # noqa: F811
    unreachable: UnreachableEngine,
    asked: list[str],
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
            assert unreachable.asked == asked == []
