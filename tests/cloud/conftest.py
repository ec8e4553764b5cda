"""No guest outlives its test."""

from collections.abc import Iterator

import pytest

from imsconsole.cloud.engines import engine_for
from imsconsole.engine.api import Engine
from imsconsole.engine.types import Unwatched
from tests.cloud.servers.machines import REGION


@pytest.fixture
def engine() -> Iterator[Engine]:
    """The engine of the tests' region; whatever a test leaves there is removed."""
    engine = engine_for(REGION)
    yield engine
    empty(engine)


def empty(engine: Engine) -> None:
    """Remove all that is in its store."""
    inventory = engine.inventory()
    for ref in inventory.servers:
        engine.delete_server(ref, work=Unwatched())
    for ref in inventory.disks:
        engine.delete_disk(ref, work=Unwatched())
    for ref in inventory.stored:
        engine.delete(ref, work=Unwatched())


@pytest.fixture(autouse=True)
def _short_stop(settings, monkeypatch) -> None:
    """The tests' guests never power off by themselves; workers in processes of their own know it as well."""
    settings.IMS_STOP_TIMEOUT_S = 0.2
    monkeypatch.setenv("IMS_STOP_TIMEOUT_S", "0.2")
