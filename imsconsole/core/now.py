"""The time. Everything asks here, so that tests can move it.

A host's clock can stand wrong, and what was noted then is there after it was put right. What only has to go on counts as due also when it lies further
ahead than it can (`due`). What destroys, as a trash or a key whose day comes, waits for its day: it may be the present clock that is wrong.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

from django.db.models import Q

APART = timedelta(seconds=10)  # so far the clocks of two hosts may differ

_moved = timedelta(0)
_standing: ContextVar[datetime | None] = ContextVar("standing", default=None)


def now() -> datetime:
    """The current time in UTC."""
    return _standing.get() or datetime.now(UTC) + _moved


@contextmanager
def standing_at(moment: datetime) -> Iterator[None]:
    """Inside, and in no other thread, it is that time all the while."""
    before = _standing.set(moment)
    try:
        yield
    finally:
        _standing.reset(before)


def furthest(after: timedelta) -> datetime:
    """So far ahead lies at most what is to come `after` the time at which it was noted, by whichever host."""
    return now() + after + APART


def due(field: str, after: timedelta) -> Q:
    """Rows whose time has come, or lies further ahead than a time noted as `after` the present one can."""
    return Q(**{f"{field}__lte": now()}) | Q(**{f"{field}__gt": furthest(after)})


def move(by: timedelta) -> None:
    """Move the time for this process; for tests."""
    global _moved
    _moved += by


def reset() -> None:
    """Undo every `move`."""
    global _moved
    _moved = timedelta(0)
