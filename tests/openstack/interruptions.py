"""Work that ends at some of the points at which it can end: it raises there, or its process is killed."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.engine.guests import Stopped, TestWork
from tests.support.processes import ended, forked
from tests.support.sweep import some

Verb = Callable[[TestWork], object]


@dataclass(frozen=True)
class Point:
    """The `number`-th hold of a verb, or the first report after it."""

    number: int
    is_report: bool = False


class PointedWork(TestWork):
    """Ends at a point; without one it notes those that it passes."""

    def __init__(self, point: Point | None, end: Callable[[], None]) -> None:
        super().__init__()
        self._point, self._end = point, end
        self.passed: list[Point] = []

    def report(self, done: int, total: int) -> None:
        self._pass(Point(self.holds, is_report=True))

    def hold(self) -> None:
        self.holds += 1
        self._pass(Point(self.holds))

    def _pass(self, point: Point) -> None:
        if point not in self.passed:
            self.passed.append(point)
        if point == self._point:
            self._end()


def points_of(verb: Verb) -> list[Point]:
    """Where it can end; it does not."""
    work = PointedWork(None, _stop)
    verb(work)
    return some(work.passed)


def stopped_at(verb: Verb, point: Point) -> bool:
    """Whether it came so far; there its work was cancelled or taken over."""
    try:
        verb(PointedWork(point, _stop))
    except Stopped:
        return True
    return False


def killed_at(verb: Verb, point: Point) -> bool:
    """Whether it came so far; there its process was killed."""
    work = PointedWork(point, lambda: os.kill(os.getpid(), signal.SIGKILL))
    return ended(forked(lambda: verb(work))) == -signal.SIGKILL


ENDINGS = [pytest.param(stopped_at, marks=pytest.mark.thorough), killed_at]


def _stop() -> None:
    raise Stopped
