"""Small disk files in every format, made once."""

from pathlib import Path

import pytest

from tests.images.create.importing import make_disks


@pytest.fixture(scope="session")
def disks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of equal disks, one per accepted format (`tests.images.create.importing.FORMATS`)."""
    return make_disks(tmp_path_factory.mktemp("disks"))
