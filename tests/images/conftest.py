"""Small disk files in every format, made once; and no files of an earlier test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.images.importing import make_disks


@pytest.fixture(autouse=True)
def _no_files_of_other_tests() -> Iterator[None]:
    """A test's rows are rolled back; its files are not."""
    yield
    for pattern in ("uploads/*", "work/*", "regions/*/images/*"):
        for path in Path(settings.DATA_DIR).glob(pattern):
            path.unlink()


@pytest.fixture(scope="session")
def disks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of equal disks, one per accepted format (`tests.images.importing.FORMATS`)."""
    return make_disks(tmp_path_factory.mktemp("disks"))
