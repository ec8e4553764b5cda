"""The connection to the database is lost, at the statement it is told, or before its transaction is committed.

    with lost_connection(at=3) as fault:       # the third statement finds no connection
        rename_image(image, …)
    with lost_connection(at=COMMIT) as fault:  # all are done, and the transaction is not committed
    assert fault.happened

PostgreSQL ends the connection itself. SQLite's says what it says when its file can no longer be read, until it is closed.
Needs `@pytest.mark.django_db(transaction=True)`.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

COMMIT = 0


class Fault:
    """Counts statements, and loses the connection at one of them, once."""

    def __init__(self, at: int) -> None:
        self.at, self.statements, self.happened = at, 0, False
        self._broken: Any = None  # SQLite's connection; PostgreSQL's knows it
        self._usual = {name: getattr(connection, name) for name in ("commit", "rollback")}

    def execute(self, execute: Callable[..., Any], *statement: Any) -> Any:
        self.statements += 1
        if self.statements == self.at:
            self._happen()
        self._answer()
        return execute(*statement)

    def commit(self) -> None:
        if self.at == COMMIT:
            self._happen()
        self._answer()
        self._usual["commit"]()

    def rollback(self) -> None:
        self._usual["rollback"]()
        self._answer()

    def _happen(self) -> None:
        if not self.happened:
            self.happened = True
            if connection.vendor == "postgresql":
                _end_backend(connection.connection.info.backend_pid)
            else:
                self._broken = connection.connection

    def _is_broken(self) -> bool:
        return self._broken is not None and connection.connection is self._broken

    def _answer(self) -> None:
        if self._is_broken():
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorname = "SQLITE_IOERR"  # type: ignore[misc]
            with connection.wrap_database_errors:
                raise error


@contextmanager
def lost_connection(at: int) -> Iterator[Fault]:
    connection.ensure_connection()
    fault = Fault(at)
    names = ("commit", "rollback")
    for name in names:
        setattr(connection, name, getattr(fault, name))
    try:
        with connection.execute_wrapper(fault.execute):
            yield fault
    finally:
        connection.close_if_unusable_or_obsolete()
        for name in names:
            delattr(connection, name)


def _end_backend(pid: int) -> None:
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
            while True:
                cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [pid])
                if cursor.fetchone() == (0,):
                    return
                time.sleep(0.001)
    finally:
        other.close()
