"""Two at once. Who lock what the other waits for: the database ends one of them, who is tried once more.

The one order of rows (`core.locks`) leaves nothing for that to do but what is not ours to order.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import is_dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Model

from imsconsole.core.counting import count
from imsconsole.core.errors import Contended
from imsconsole.core.fullness import database_code
from imsconsole.core.metrics import DATABASE_ERRORS
from imsconsole.core.rules import Verdict

P = ParamSpec("P")
T = TypeVar("T")

logger = logging.getLogger(__name__)

ENDED = ("40P01", "40001")  # by PostgreSQL: deadlock_detected, serialization_failure
BUSY = "SQLITE_BUSY"  # SQLite has waited as long as it was told to


def is_contended(error: BaseException | None) -> bool:
    """Whether the database gave a transaction up for another's sake. The same call may work now."""
    code = database_code(error)
    return code in ENDED or code.startswith(BUSY)


@contextmanager
def contention_said() -> Iterator[None]:
    """What the database says of it becomes Contended."""
    try:
        yield
    except OperationalError as error:
        if is_contended(error):
            count(DATABASE_ERRORS, Contended.default_code)
            raise Contended from error
        raise


@contextmanager
def one_wins(ask: Callable[[], Verdict]) -> Iterator[None]:
    """Two who write at once what may be there only once, as a name: the database lets one in, the other reads why not.

    `ask` is the rule that both were told yes by, asked again. Raises Refused.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        ask().require()
        raise


def retried(function: Callable[P, T]) -> Callable[P, T]:
    """Decorates what makes one transaction: it is tried once more when the database ended it. Raises Contended.

    Rows among its arguments are before the second try as they were before the first. Called inside a transaction
    it changes nothing: only the whole can be tried again, by who began it.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        if connection.in_atomic_block:
            return function(*args, **kwargs)
        before = [(row, copy(row)) for row in _rows([*args, *kwargs.values()])]
        with contention_said():
            try:
                return function(*args, **kwargs)
            except OperationalError as error:
                if database_code(error) not in ENDED:
                    raise
                count(DATABASE_ERRORS, Contended.default_code)
                logger.warning("%s is tried again: %s", function.__qualname__, error)
            for row, as_it_was in before:
                row.__dict__ = as_it_was.__dict__
            return function(*args, **kwargs)

    return run


def _rows(values: Iterable[Any]) -> Iterator[Model]:
    """The rows among them and in what they are made of: the user and the project of an actor."""
    for value in values:
        if isinstance(value, Model):
            yield value
        elif isinstance(value, list | tuple):
            yield from _rows(value)
        elif is_dataclass(value) and not isinstance(value, type):
            yield from _rows(vars(value).values())
