"""SHA-256 on the second core: of what is read and written meanwhile, or is brought to the disk."""

import hashlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from imsconsole.engine.types import MIB

PIECE_BYTES = MIB  # stays in a core's cache while it is hashed and written
NICENESS = 5  # pages come first


class Sha256:
    """A digest that a thread of its own makes, a piece behind whoever feeds it. With `with`."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._thread = ThreadPoolExecutor(1, "sha256", initializer=give_way)
        self._last: Future[None] | None = None

    def __enter__(self) -> "Sha256":
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()

    def update(self, piece: bytes | memoryview) -> None:
        """The next bytes, which may not change before the next call."""
        self._settle()
        self._last = self._thread.submit(self._digest.update, piece)

    def hexdigest(self) -> str:
        self._settle()
        return self._digest.hexdigest()

    def _settle(self) -> None:
        if self._last:
            self._last.result()


def give_way() -> None:
    """Let this thread run when others do not want to."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def copy(stream: BinaryIO, out: BinaryIO, progress: Callable[[int], None]) -> str:
    """Copy all bytes; returns their SHA-256."""
    done = 0
    with Sha256() as digest:
        while piece := stream.read(PIECE_BYTES):
            digest.update(piece)
            out.write(piece)
            done += len(piece)
            progress(done)
        return digest.hexdigest()


def settled(path: Path, progress: Callable[[int], None]) -> str:
    """Bring a finished file to the disk; its SHA-256."""
    done = 0
    with (
        path.open("rb", buffering=0) as stream,
        Sha256() as digest,
        ThreadPoolExecutor(1, "fsync") as disk,
    ):
        brought = disk.submit(os.fsync, stream.fileno())
        while piece := stream.read(PIECE_BYTES):
            digest.update(piece)
            done += len(piece)
            progress(done)
        brought.result()
        return digest.hexdigest()
