"""The time. Everything asks here, so that tests can move it."""

from datetime import UTC, datetime, timedelta

_moved = timedelta(0)


def now() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC) + _moved


def move(by: timedelta) -> None:
    """Move the time for this process; for tests."""
    global _moved
    _moved += by


def reset() -> None:
    """Undo every `move`."""
    global _moved
    _moved = timedelta(0)
