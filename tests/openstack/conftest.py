"""The cloud on this machine, and what tests make in it."""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import IO
from uuid import uuid4

import pytest
from django.conf import settings
from openstack.connection import Connection

from imsconsole.cloud.models import AccountCloud
from imsconsole.engine.openstack import CloudSettings, OpenStackEngine
from tests.engine.conftest import guest, guest_cache, place
from tests.openstack.clearing import clear, clear_what_the_dead_left, console_of_test
from tests.openstack.others import Others
from tests.openstack.regions import OTHER, OURS
from tests.openstack.there import as_user, clouds_file, why_not

__all__ = ["guest", "guest_cache", "place"]
AT_ONCE = 4
NO_CLOUD = "no cloud: "  # begins the one reason for which these tests may be skipped


@pytest.fixture(scope="session")
def clouds() -> Path:
    """The `clouds.yaml` of a cloud that is up: `lab-demo`, `lab-other` and `lab-admin`."""
    if why := why_not():
        pytest.skip(NO_CLOUD + why)
    return clouds_file()


@pytest.fixture(scope="session")
def demo(clouds: Path) -> Connection:
    """The cloud as the user whose project our service shares with others."""
    return as_user("demo")


@pytest.fixture(scope="session")
def others(clouds: Path, demo: Connection) -> Iterator[list[Others]]:
    """What other people have, in the same project and in another: it is as it was when all tests have ended."""
    with held(clouds, "others"):
        there = [Others(demo, with_a_server=True), Others(as_user("other"))]
        before = [each.seen() for each in there]
        for each in (demo, as_user("other")):
            clear_what_the_dead_left(each)
    yield there
    assert [each.seen() for each in there] == before


@pytest.fixture
def cloud(clouds: Path, demo: Connection, others: list[Others]) -> Iterator[CloudSettings]:
    """What a region says of it: a console of this test's own, and all that is made under its name goes."""
    console = console_of_test()
    work_dir = Path(os.environ["IMS_TEST_DIR"]) / f"cloud-{uuid4().hex}"
    work_dir.mkdir()
    with a_turn(clouds):
        yield CloudSettings("lab-demo", work_dir, console=console, network="lab", serial=True)
        clear(demo, console)
    shutil.rmtree(work_dir)


@pytest.fixture
def cloud_engine(cloud: CloudSettings) -> OpenStackEngine:
    return OpenStackEngine(cloud)


@pytest.fixture
def account_engine(cloud_engine: OpenStackEngine) -> Iterator[OpenStackEngine]:
    """The same with its machines and disks in the lab's other project."""
    yield cloud_engine.at("lab-other")
    clear(as_user("other"), cloud_engine.cloud.settings.console)


@pytest.fixture(params=[OURS, OTHER])
def home(request: pytest.FixtureRequest, people: SimpleNamespace) -> str:
    """Where in the cloud the servers and disks of Bob's account are: in the region's project, or in one of the account's own."""
    home: str = request.param
    if home != OURS:
        AccountCloud.objects.create(region=people.bob.region, account=people.bob.account, cloud=home)
    return home


@pytest.fixture
def untouched(others: list[Others], demo: Connection) -> Iterator[None]:
    """What others have is after the test as it was before; of the console of tests nothing stays."""
    before = [each.seen() for each in others]
    yield
    assert [each.seen() for each in others] == before
    for each in (demo, as_user("other")):
        clear(each, settings.IMS_CONSOLE_NAME)


@contextmanager
def held(clouds: Path, name: str) -> Iterator[None]:
    """Across processes: what `name` stands for is one's own meanwhile."""
    with clouds.with_name(f"tests.{name}").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def a_turn(clouds: Path) -> Iterator[None]:
    """Some tests may run at a time, whosever they are: they do not see each other, but the host has only so many cores."""
    with ExitStack() as stack:
        queue, *turns = (
            stack.enter_context(clouds.with_name(f"tests.{name}").open("w"))
            for name in ("queue", *(f"turn-{number}" for number in range(AT_ONCE)))
        )
        fcntl.flock(queue, fcntl.LOCK_EX)
        while not any(map(is_free, turns)):
            time.sleep(0.1)
        fcntl.flock(queue, fcntl.LOCK_UN)
        yield


def is_free(turn: IO[str]) -> bool:
    """And one's own from now on."""
    with suppress(BlockingIOError):
        fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
