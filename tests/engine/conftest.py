"""A folder that guests' users can reach, and an engine in it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from imsconsole.demo.guest import BootMode, built_guest
from imsconsole.engine.local.engine import LocalEngine
from tests.conftest import CACHE
from tests.engine.guests import TestWork


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder of this test's own; pytest's `tmp_path` is closed to other users."""
    folder = Path(tempfile.mkdtemp(prefix="ims-engine-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def local(place: Path) -> Iterator[LocalEngine]:
    engine = LocalEngine(
        place / "region", memory_mb=2048, network="user", accelerator=settings.IMS_ACCELERATOR
    )
    yield engine
    for ref in engine.inventory().servers:
        engine.delete_server(ref, work=TestWork())


@pytest.fixture(scope="session")
def guest_cache() -> Path:
    return CACHE


@pytest.fixture(scope="session", params=["bios", "uefi"])
def guest(request: pytest.FixtureRequest, guest_cache: Path) -> tuple[BootMode, Path]:
    """A disk that boots Linux, by each firmware."""
    return request.param, built_guest(
        guest_cache, name=f"Engine test {request.param}", boot_mode=request.param
    )
