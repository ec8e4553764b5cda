"""A disk that is full says so, and so does a database whose disk it is; in our words both are NoSpace."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError

from imsconsole.core.counting import count
from imsconsole.core.errors import NoSpace
from imsconsole.core.full_disk import FULL
from imsconsole.core.metrics import DATABASE_ERRORS

DATABASE_FULL = ("SQLITE_FULL", "53100")  # SQLite's name of it, PostgreSQL's


def database_code(error: BaseException | None) -> str:
    """SQLite's name, or PostgreSQL's number, of why a statement could not be done; empty of other errors."""
    cause = error.__cause__ if isinstance(error, OperationalError) else None
    return getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None) or ""


def is_full(error: BaseException | None) -> bool:
    """Whether an error of the system or of the database means that its disk is full."""
    if isinstance(error, OSError):
        return error.errno in FULL
    return database_code(error) in DATABASE_FULL


@contextmanager
def fullness_said() -> Iterator[None]:
    """What the system or the database says of a full disk becomes NoSpace. Also a decorator."""
    try:
        yield
    except (OSError, OperationalError) as error:
        if is_full(error):
            if isinstance(error, OperationalError):
                count(DATABASE_ERRORS, NoSpace.default_code)
            raise NoSpace from error
        raise
