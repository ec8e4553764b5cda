from collections.abc import Iterator

import pytest

from tests.cloud.conftest import engine  # noqa: F401 - a fixture
from tests.console_backup.hosts import host_here


@pytest.fixture(scope="session", autouse=True)
def _host() -> Iterator[None]:
    yield
    host_here().end()
