"""A database that is not there, and a connection to it that broke; in our words both are Disconnected."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error, InterfaceError, OperationalError

from imsconsole.core.counting import count
from imsconsole.core.errors import Disconnected
from imsconsole.core.fullness import database_code
from imsconsole.core.metrics import DATABASE_ERRORS

# of PostgreSQL: connection_exception, operator_intervention (shutdown, crash, start), too_many_connections; of SQLite: its file
GONE = ("08", "57P", "53300", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_NOTADB")


def is_disconnected(error: BaseException | None) -> bool:
    """Whether the database did not answer. What was asked for may have been done or not, if it was to commit."""
    if isinstance(error, InterfaceError):
        return True
    code = database_code(error)
    return isinstance(error, OperationalError) and (not code or code.startswith(GONE))


@contextmanager
def disconnection_said() -> Iterator[None]:
    """What is raised of a database that does not answer becomes Disconnected."""
    try:
        yield
    except Error as error:
        if is_disconnected(error):
            count(DATABASE_ERRORS, Disconnected.default_code)
            raise Disconnected from error
        raise
