"""A master key file of each test's own, or the rows of one test would be wrapped by the file of another."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def master_file(settings, tmp_path: Path) -> Path:
    settings.MASTER_KEY_FILE = tmp_path / "master_key"
    return settings.MASTER_KEY_FILE
