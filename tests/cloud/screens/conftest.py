"""No bytes of a test outlive it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings


@pytest.fixture(autouse=True)
def _no_bytes_of_other_tests() -> Iterator[None]:
    yield
    for name in ("objects", "incoming"):
        shutil.rmtree(Path(settings.BUCKET_DIR) / name, ignore_errors=True)
