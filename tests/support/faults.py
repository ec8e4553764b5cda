"""Things that go wrong on purpose: an engine that fails where it is told to, and a disk that is full.

    with faulty_engine() as engine:                                # learn what a job calls
        finish(job)
    assert engine.points == ["ingest:1", "sweep:1"]
    with faulty_engine("ingest:1", error=NoSpace()) as engine:     # raise instead of doing it
    with faulty_engine("ingest:1", error=Unavailable(), late=True) # do it, but the answer is lost
    with faulty_engine("ingest:1", error=Crash(), late=True)       # do it, then the worker is gone
    with faulty_engine("ingest:1", full=True)                      # from there on whatever writes: NoSpace
    with faulty_engine("ingest:1", limit_bytes=4096)               # from there on the system's own full disk
    with faulty_engine("ingest:1", before=wait)                    # slow: `wait` is called first
    with faulty_engine(FIRST, …)                                   # at whatever is called first

`full_disk(limit_bytes)`, `meet_full_database()` and `meet_contention()` need no wrapper: the system and the database
say it themselves.

The wrapper stands where every room gets its engine (`cloud.engines`), in the test's own process; workers
in processes of their own do not see it.
"""

import os
import resource
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext
from tempfile import NamedTemporaryFile
from typing import Any, TypeVar
from unittest import mock

from django.db import connection

from imsconsole.cloud import inspection
from imsconsole.cloud.engines import engine_for
from imsconsole.core.errors import NoSpace
from imsconsole.engine.api import Engine
from imsconsole.jobs.models import Job
from tests.support.engines import engine_of_region
from tests.support.workers import finish, lapse

# what may need room on the disk; all else, above all what makes room, works on a full one
FILLS = {
    "ingest", "copy", "transfer", "capture", "create_disk", "grow_disk", "create_server", "switch_system_disk",
    "start", "reboot", "attach", "mount_iso", "qemu_img", "system_on", "export",
}  # fmt: skip
FIRST = "first"
E = TypeVar("E")


class Crash(BaseException):
    """The worker is gone: nothing that comes after is done, and nobody catches it."""


def _fills(verb: str, args: tuple[Any, ...]) -> bool:
    """A system disk that is kept only comes back: nothing is made."""
    return verb in FILLS and not (verb == "switch_system_disk" and len(args) < 3)


class FaultyEngine:
    """An engine whose calls are noted as points, `verb:number`; at one of them something goes wrong."""

    def __init__(
        self,
        engine: Engine,
        at: str = "",
        *,
        error: BaseException | None = None,
        late: bool = False,
        full: bool = False,
        limit_bytes: int | None = None,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        self.engine, self.at = engine, at
        self.error, self.late, self.full = error, late, full
        self.limit_bytes, self.before = limit_bytes, before
        self.points: list[str] = []
        self.reached = False
        self._calls: Counter[str] = Counter()

    def __getattr__(self, verb: str) -> Any:
        done = getattr(self.engine, verb)
        return lambda *args, **kwargs: self._call(verb, lambda: done(*args, **kwargs), _fills(verb, args))

    def _call(self, verb: str, done: Callable[[], Any], fills: bool) -> Any:
        self._calls[verb] += 1
        if self.at == FIRST:
            self.at = f"{verb}:1"
        point = f"{verb}:{self._calls[verb]}"
        self.points.append(point)
        self.reached = self.reached or point == self.at
        with self._disk():
            if point == self.at:
                return self._disturbed(done)
            if self.full and self.reached and fills:
                raise NoSpace
            return done()

    def _disk(self) -> Any:
        short = self.reached and self.limit_bytes is not None
        return full_disk(self.limit_bytes or 0) if short else nullcontext()

    def _disturbed(self, done: Callable[[], Any]) -> Any:
        self.before()
        if self.full and self.at.split(":")[0] in FILLS:
            raise NoSpace
        if self.error and not self.late:
            raise self.error
        result = done()
        if self.error:
            if hasattr(result, "close"):
                result.close()
            raise self.error
        return result


@contextmanager
def faulty_engine(at: str = "", *, region: str = "cn-north-4", **fault: Any) -> Iterator[FaultyEngine]:
    """Put a faulty engine around the region's own, where all rooms get it, and around what examines files on this host."""
    examine = inspection.host_qemu_img
    with engine_around(lambda engine: FaultyEngine(engine, at, **fault), region=region) as faulty:

        def run(arguments: Sequence[str]) -> Any:
            return faulty._call("qemu_img", lambda: examine()(arguments), fills=True)

        with mock.patch.object(inspection, "host_qemu_img", return_value=run):
            yield faulty


@contextmanager
def engine_around(wrap: Callable[[Engine], E], *, region: str = "cn-north-4") -> Iterator[E]:
    """Put what `wrap` makes of the region's engine into its place, where all rooms get it."""
    wrapped = wrap(engine_for(region))
    with engine_of_region(region, wrapped):
        yield wrapped


@contextmanager
def full_disk(limit_bytes: int) -> Iterator[None]:
    """Nothing we or our children write goes beyond `limit_bytes` of a file (EFBIG, as ENOSPC would be)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def free_space(size_bytes: int) -> Iterator[None]:
    """All file systems say that so many bytes are free, whatever others write to them meanwhile."""
    usual = os.statvfs

    def said(path: Any) -> os.statvfs_result:
        found = usual(path)
        values = list(found)
        values[4] = size_bytes // found.f_frsize  # f_bavail
        return os.statvfs_result(values)

    os.statvfs = said
    try:
        yield
    finally:
        os.statvfs = usual


def meet_full_database() -> None:
    """Let the database itself find that it is full. Ends the transaction it is called in."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("DO $$ BEGIN RAISE 'no space left' USING ERRCODE = '53100'; END $$")
        else:
            cursor.execute("PRAGMA max_page_count = 1")  # as large as it is, and no larger
            try:
                cursor.execute("CREATE TABLE filler AS SELECT zeroblob(4000000) AS bytes")
            finally:
                cursor.execute("PRAGMA max_page_count = 1073741823")


def meet_contention() -> None:
    """Let the database itself give up for another's sake. Ends the transaction it is called in."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE 'deadlock detected' USING ERRCODE = '40P01'; END $$")
    with NamedTemporaryFile() as file, ExitStack() as stack, connection.wrap_database_errors:
        for _ in range(2):
            there = stack.enter_context(closing(sqlite3.connect(file.name, timeout=0)))
            there.execute("BEGIN IMMEDIATE")


def end(job: Job) -> Job:
    """Run a job to its end, as workers do: one that was dropped is taken up again when its lease is over."""
    for _ in range(5):
        try:
            finish(job)
        except Crash:
            job.refresh_from_db()
        if not job.is_live:
            return job
        lapse(job)
    raise AssertionError(f"{job} does not end: {job.state} at {job.step}, {job.error_code}")
