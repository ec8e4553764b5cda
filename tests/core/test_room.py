"""Free bytes that work has been promised are no longer free, until they are written or the work has ended."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from imsconsole.core.errors import NoSpace
from imsconsole.core.room import SPARE_BYTES, Room
from tests.support.faults import free_space
from tests.support.processes import ended, forked

MIB = 1024**2


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path / "room")


SIZE = 600 * MIB  # more than half of what is free


@pytest.fixture(autouse=True)
def small_disk() -> Iterator[None]:
    with free_space(SPARE_BYTES + 1000 * MIB):
        yield


def test_two_at_once_do_not_count_on_the_same_bytes(room: Room, tmp_path: Path) -> None:
    with room.kept(tmp_path / "a", SIZE):
        assert room.free_bytes(tmp_path) < SIZE + SPARE_BYTES
        with pytest.raises(NoSpace), room.kept(tmp_path / "b", SIZE):
            pass
    with room.kept(tmp_path / "b", SIZE):
        assert [path.parent.name for path in tmp_path.rglob("*") if path.is_file()] == ["room"]
    assert not list((tmp_path / "room").iterdir())


def test_what_is_written_of_it_counts_no_more(room: Room, tmp_path: Path) -> None:
    """The system itself says that it is not free."""
    made = tmp_path / "a"
    with room.kept(made, 64 * MIB):
        before = room.free_bytes(tmp_path)
        with made.open("wb") as file:
            file.write(os.urandom(32 * MIB))
            os.fsync(file.fileno())
        assert room.free_bytes(tmp_path) - before == 32 * MIB


def test_a_killed_process_is_promised_nothing(room: Room, tmp_path: Path) -> None:
    reader, writer = os.pipe()

    def keep() -> None:
        with room.kept(tmp_path / "a", SIZE):
            os.write(writer, b"x")
            signal.pause()

    child = forked(keep)
    os.close(writer)
    assert os.read(reader, 1), "it has no promise"
    os.close(reader)
    promised = room.free_bytes(tmp_path)
    os.kill(child, signal.SIGKILL)
    assert ended(child) == -signal.SIGKILL
    assert promised < SIZE + SPARE_BYTES
    with room.kept(tmp_path / "b", SIZE):
        assert len(list((tmp_path / "room").iterdir())) == 1
