"""The disks that tests feed to engines are such as every engine takes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.guests import (
    answering_disk,
    counting_disk,
    dead_disk,
    heeding_disk,
    marking_disk,
    tiny_disk,
    tiny_uefi_disk,
)
from tests.engine.test_inspection import stream


@pytest.mark.parametrize(
    ("make", "table"),
    [
        (tiny_disk, "mbr"), (dead_disk, "mbr"), (counting_disk, "mbr"), (answering_disk, "mbr"), (heeding_disk, "mbr"),
        (lambda path: marking_disk(path, b"MARKER"), "mbr"), (tiny_uefi_disk, "gpt"),
    ],
)  # fmt: skip
def test_a_disk_that_boots_has_a_partition_table(
    tmp_path: Path, make: Callable[[Path], Path], table: str
) -> None:
    """Clouds refuse one that has a boot sector and none."""
    found = stream(make(tmp_path / "disk.raw").read_bytes())
    assert (found.partition_table, found.warnings) == (table, ())
