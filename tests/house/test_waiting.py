"""No page waits for an engine, another program or another host: pages read rows, the clock and the workers ask.

Every page and form of the console, whose region does not answer: `test_hostile_values`; the administration's: `test_admin`.
"""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from imsconsole.accounts.models import User
from imsconsole.cloud.hosts import host_of
from imsconsole.cloud.models import Server
from tests import factories
from tests.house.test_urls import things  # noqa: F401
from tests.support.engines import UnreachableEngine, engine_of_region

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


def test_the_start_of_the_administration_answers_when_a_region_does_not(
    operator: User, unreachable: UnreachableEngine, asked: list[str]
) -> None:
    client = Client()
    client.force_login(operator)
    assert client.get("/admin/").status_code == 200
    assert unreachable.asked == asked == []
