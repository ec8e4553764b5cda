"""What each line of the log is about: the request, the job, who acts. Whoever works within `about(…)` need not say it.

As JSON (`IMS_LOG_FORMAT=json`) each is a field of its own; in a line for people they stand at its end. The reference on an
error's page is the ID of its request, and a job is started by a line that has both IDs.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS

# of a record: what libraries add, and is either an object or repeats the address with its secrets
NOT_TOLD = [*RESERVED_ATTRS, "request", "response", "status_code", "server_time"]
FIELDS = ("request_id", "job_id", "user_id", "project_id", "work")

_about: ContextVar[dict[str, str] | None] = ContextVar("about", default=None)


@contextmanager
def about(**fields: Any) -> Iterator[None]:
    """What is logged within is about these (some of `FIELDS`) as well; None is nothing."""
    token = _about.set((_about.get() or {}) | _told(fields))
    try:
        yield
    finally:
        _about.reset(token)


def from_now_on_about(**fields: Any) -> None:
    """The same of this thread up to the next call: what is said of a request after its answer was made, is about it, too."""
    _about.set(_told(fields))


def also_about(**fields: Any) -> None:
    """From now on, up to the end of the innermost `about`, or of `from_now_on_about`."""
    if (known := _about.get()) is not None:
        known.update(_told(fields))


def now_about() -> dict[str, str]:
    return dict(_about.get() or {})


def _told(fields: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in fields.items() if value is not None}


def add_about(record: logging.LogRecord) -> bool:
    """A filter of handlers that lets everything through, and adds what it is about."""
    for name, value in (_about.get() or {}).items():
        if not hasattr(record, name):
            setattr(record, name, value)
    return True


class LineFormatter(logging.Formatter):
    """A line for people: what it is about comes last."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        told = [f"{name}={vars(record)[name]}" for name in FIELDS if name in vars(record)]
        return super().formatMessage(record) + (f" [{' '.join(told)}]" if told else "")
