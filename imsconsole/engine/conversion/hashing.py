"""Checksums on the second core: of what is read and written meanwhile, or is brought to the disk."""

import hashlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from imsconsole.engine.conversion.limits import NICENESS
from imsconsole.engine.types import MIB

PIECE_BYTES = MIB  # stays in a core's cache while it is hashed and written
EARLY_BYTES = 16 * MIB  # after which the disk begins


class Digest:
    """One that a thread of its own makes, a piece behind whoever feeds it. With `with`."""

    def __init__(self, algorithm: str = "sha256") -> None:
        self._digest = hashlib.new(algorithm)
        self._threads = ThreadPoolExecutor(2, "digest", initializer=give_way)
        self._hashing: Future[Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._threads.shutdown()

    def update(self, piece: bytes | memoryview) -> None:
        """The next bytes, which may not change before the next call."""
        settle(self._hashing)
        self._hashing = self._threads.submit(self._digest.update, piece)

    def hexdigest(self) -> str:
        settle(self._hashing)
        return self._digest.hexdigest()


class Writer(Digest):
    """Writes what it hashes to a file of ours, of which the disk gets some early: the last `fsync` finds little to do."""

    def __init__(self, out: BinaryIO, algorithm: str = "sha256") -> None:
        super().__init__(algorithm)
        self._out = out
        self._waiting_bytes = 0
        self._syncing: Future[Any] | None = None

    def write(self, piece: bytes) -> None:
        """Raises OSError, also of bytes before."""
        self.update(piece)
        self._out.write(piece)
        self._waiting_bytes += len(piece)
        if self._waiting_bytes >= EARLY_BYTES and (self._syncing is None or self._syncing.done()):
            settle(self._syncing)
            self._syncing = self._threads.submit(os.fdatasync, self._out.fileno())
            self._waiting_bytes = 0

    def hexdigest(self) -> str:
        settle(self._syncing)
        return super().hexdigest()


def settle(running: Future[Any] | None) -> None:
    """Wait for it. Raises what it raised: the system tells an error of the disk only once."""
    if running:
        running.result()


def give_way() -> None:
    """Let this thread run when others do not want to; in a service that gives way itself, when that does not want to."""
    thread = threading.get_native_id()
    os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + NICENESS)


def copy(stream: BinaryIO, out: BinaryIO, progress: Callable[[int], None]) -> str:
    """Copy all bytes; returns their SHA-256."""
    done = 0
    with Digest() as digest:
        while piece := stream.read(PIECE_BYTES):
            digest.update(piece)
            out.write(piece)
            done += len(piece)
            progress(done)
        return digest.hexdigest()


def settled(path: Path, progress: Callable[[int], None]) -> str:
    """Bring a finished file to the disk; its SHA-256."""
    done = 0
    with path.open("rb", buffering=0) as stream, ThreadPoolExecutor(1, "fsync") as disk, Digest() as digest:
        syncing = disk.submit(os.fsync, stream.fileno())
        while piece := stream.read(PIECE_BYTES):
            digest.update(piece)
            done += len(piece)
            progress(done)
        settle(syncing)
        return digest.hexdigest()
