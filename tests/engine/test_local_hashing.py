"""Bytes that are hashed in a thread beside."""

import errno
import hashlib
import io
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from imsconsole.engine.conversion.hashing import EARLY_BYTES, PIECE_BYTES, Writer, copy, give_way, settled
from imsconsole.engine.conversion.limits import NICENESS
from imsconsole.engine.conversion.scratch import clone


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, 3 * PIECE_BYTES + 7])
def test_every_way_gives_the_bytes_and_their_checksum(tmp_path: Path, size: int) -> None:
    content, path = os.urandom(size), tmp_path / "file"
    known, out, seen = hashlib.sha256(content).hexdigest(), io.BytesIO(), [0]
    assert copy(io.BytesIO(content), out, seen.append) == known
    assert out.getvalue() == content
    with path.open("wb") as file, Writer(file) as written:
        for at in range(0, size, 1000):
            written.write(content[at : at + 1000])
        assert written.hexdigest() == known
    assert settled(path, seen.append) == known
    clone(path, tmp_path / "clone", seen.append)
    assert (tmp_path / "clone").read_bytes() == content
    assert seen[-1] == size


def test_what_the_disk_says_early_is_not_lost() -> None:
    """The system tells it once: the last `fsync` would find nothing wrong."""
    with open("/dev/null", "wb") as nowhere, Writer(nowhere) as written:
        written.write(bytes(EARLY_BYTES))
        with pytest.raises(OSError) as error:  # noqa: PT011 - by its number
            written.hexdigest()
    assert error.value.errno == errno.EINVAL


@pytest.mark.parametrize("service", [0, 7])
def test_only_the_thread_that_hashes_gives_way(service: int) -> None:
    """To whoever runs beside it: the service may give way to others itself, and then may not want to take that back."""
    before = os.getpriority(os.PRIO_PROCESS, 0)

    def start() -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), before + service)
        give_way()

    with ThreadPoolExecutor(1, initializer=start) as thread:
        there = thread.submit(os.getpriority, os.PRIO_PROCESS, 0).result()
    assert there == min(before + service + NICENESS, 19)
    assert os.getpriority(os.PRIO_PROCESS, 0) == before
