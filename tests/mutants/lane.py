"""One of the processes that try mutants: pytest with the tests collected, forking for whatever it runs.

The process itself only imports, and has the database made. What a child does, no other sees: rows are rolled back,
files are removed after each test, and the faulty function ends with it. Tests whose rows are committed, for threads
and workers, are left out: workers would run the function without the fault.
"""

import contextlib
import ctypes
import gc
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.mutants import baseline
from tests.mutants.chosen import Mutant, all_mutants, chosen_files, faults_in, tree_of
from tests.mutants.replace import functions_by_path, replace

T = TypeVar("T")
QUICK = "not guest and not browser and not slow"
MOST_CPU_S = 20.0  # what the tests of one mutant may take together; the quickest come first
PASSED, FAILED, BROKEN = 0, 1, 70  # how a child ends
PR_SET_PDEATHSIG = 1  # of prctl(2): who begins a process takes it along


@dataclass(frozen=True)
class Order:
    """What the lanes share. `ends_at` is a time of `time.monotonic`; both counts are of what some lane has begun."""

    seed: int
    only: str
    tests: list[str]
    ends_at: float
    folder: Path
    tests_begun: Any
    mutants_begun: Any
    all_measured: Barrier


@dataclass(frozen=True)
class Outcome:
    """*killed*, *survived*, *unreached* by any test, or *broken*; how many of the tests that reach it were run."""

    mutant: Mutant
    result: str
    run: int
    reaching: int


def run_lane(number: int, order: Order, results: Connection) -> None:
    """In a process of its own, with a data folder of its own. Sends outcomes, names of failed tests, `None` at the end."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    folder = order.folder / str(number)
    folder.mkdir(mode=0o755)
    os.environ["IMS_TEST_DIR"] = str(folder / "data")
    os.environ.setdefault("IMS_ACCELERATOR", "tcg")
    (folder / "data").mkdir(mode=0o755)
    os.dup2(os.open(folder / "said", os.O_CREAT | os.O_WRONLY), 1)
    quietly = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--timeout", "0", "-m", QUICK]
    if pytest.main([*quietly, *order.tests], plugins=[Lane(folder, order, results)]):
        raise SystemExit((folder / "said").read_text())
    results.send(None)


class Lane:
    """A plugin of pytest: in place of its loop over the tests stands ours."""

    def __init__(self, folder: Path, order: Order, results: Connection) -> None:
        self.folder, self.order, self.results = folder, order, results
        self.has_failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.has_failed |= report.failed

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            raise session.Interrupted("Tests could not be collected.")
        self.session = session
        self.items = {item.nodeid: item for item in session.items if not _commits(item)}
        self._make_database()
        self.functions = functions_by_path(chosen_files())
        gc.freeze()  # or the collector would copy all pages into each child
        tests, to = _claimed(list(self.items), self.order.tests_begun), self.folder / "baseline"
        in_child(lambda: baseline.measure(tests, self._passes, self.functions, to))
        for name in baseline.failing(to):
            self.results.send(name)
        self.order.all_measured.wait()
        measured = baseline.read(self.order.folder.glob("*/baseline"))
        for mutant in self._mutants():
            self.results.send(self._outcome(mutant, measured))
        return True

    def _passes(self, name: str) -> bool:
        """Run one test. What lives as long as the session stays, for the next child."""
        self.has_failed = False
        item = self.items[name]
        item.ihook.pytest_runtest_protocol(item=item, nextitem=self.session)
        return not self.has_failed

    def _make_database(self) -> None:
        """The first test that asks for it makes it; no connection is handed down to the children."""
        from django.db import connections  # which tests/conftest.py has set up by now

        asking = (name for name, item in self.items.items() if "db" in getattr(item, "fixturenames", ()))
        if name := next(asking, ""):
            self._passes(name)
        connections.close_all()

    def _mutants(self) -> Iterator[Mutant]:
        """Until the time is over."""
        mutants = all_mutants(self.order.seed, self.order.only)
        return takewhile(
            lambda _: time.monotonic() < self.order.ends_at, _claimed(mutants, self.order.mutants_begun)
        )

    def _outcome(self, mutant: Mutant, measured: baseline.Baseline) -> Outcome:
        reaching = measured.tests_of(mutant.path, mutant.line)
        tests, cpu_s = _affordable(reaching, measured.cpu_s)
        if not tests:
            return Outcome(mutant, "unreached", 0, 0)
        ended = in_child(lambda: self._try(mutant, tests), cpu_s=10 + 5 * cpu_s, wall_s=60 + 20 * cpu_s)
        result = {PASSED: "survived", BROKEN: "broken"}.get(ended, "killed")
        return Outcome(mutant, result, len(tests), len(reaching))

    def _try(self, mutant: Mutant, tests: list[str]) -> int:
        self._put_in(mutant)
        return PASSED if all(map(self._passes, tests)) else FAILED

    def _put_in(self, mutant: Mutant) -> None:
        tree = tree_of(mutant.path)
        fault = faults_in(mutant.path, tree)[mutant.number]
        fault.put()
        replace(mutant.path, tree, self.functions[mutant.path], only=fault.function)


def _claimed(things: Sequence[T], begun: Any) -> Iterator[T]:
    """Those that no other lane has begun."""
    while True:
        with begun.get_lock():
            index = begun.value
            begun.value += 1
        if index >= len(things):
            return
        yield things[index]


def _commits(item: pytest.Item) -> bool:
    mark = item.get_closest_marker("django_db")
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool({"transactional_db", "live_server"} & fixtures or (mark and mark.kwargs.get("transaction")))


def _affordable(names: list[str], cpu_s: dict[str, float]) -> tuple[list[str], float]:
    """The first of the tests, as far as they do not take too long together, and what they take; at least one."""
    sum_s, chosen = 0.0, []
    for name in names:
        if chosen and sum_s + cpu_s[name] > MOST_CPU_S:
            break
        chosen.append(name)
        sum_s += cpu_s[name]
    return chosen, sum_s


def in_child(work: Callable[[], int | None], cpu_s: float = 0, wall_s: float = 0) -> int:
    """Do it in a fork; how that ended: what `work` returns, or a negative signal, also when the time was over."""
    if not (child := os.fork()):
        os.setpgid(0, 0)
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.setitimer(signal.ITIMER_PROF, cpu_s)
        signal.setitimer(signal.ITIMER_REAL, wall_s)
        try:
            os._exit(work() or PASSED)
        except BaseException:  # noqa: BLE001 - the child ends here, whatever came
            traceback.print_exc()
            os._exit(BROKEN)
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # programs that it began and that go on
    return os.waitstatus_to_exitcode(status)
