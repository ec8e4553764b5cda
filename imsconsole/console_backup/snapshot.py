"""All rows of the database as they are at one instant, in a form that any database takes, a row a line.

A table is a line with its name and its columns, then its rows. Nothing is held in memory but some rows.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any, TextIO

from django.apps import apps
from django.db import connection, models, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils.duration import duration_iso_string

ROWS_AT_ONCE = 2000
# what is of a moment, of this host, or counted anew (`jobs.counters`)
LEFT_OUT = {
    "cloud.Glimpse",
    "cloud.Reading",
    "cloud.ScreenToken",
    "cloud.SpooledPart",
    "django_tasks_database.DBTaskResult",
    "images.ProjectBytes",
    "jobs.ClockEntry",
    "jobs.KnownHost",
    "jobs.QuotaChange",
    "sessions.Session",
}


@contextmanager
def one_instant() -> Iterator[None]:
    """All that is read within is of one instant; nobody is kept waiting. Nothing may be written.

    Within a transaction it is that one's.
    """
    if connection.in_atomic_block:
        yield
        return
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
        return
    with connection.cursor() as cursor:  # a transaction of Django's would keep out who writes
        cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def tables(known: Any = apps) -> list[type[models.Model]]:
    """Those that a backup has."""
    found = (each for each in known.get_models(include_auto_created=True) if not each._meta.proxy)
    return [each for each in found if each._meta.managed and each._meta.label not in LEFT_OUT]


def columns(table: type[models.Model]) -> list["models.Field[Any, Any]"]:
    return list(table._meta.local_concrete_fields)


def migrations() -> list[list[str]]:
    """Which of this version's migrations the database has."""
    return sorted([app, name] for app, name in MigrationRecorder(connection).applied_migrations())


def write_rows(out: TextIO) -> int:
    """Write all tables; how many rows there were."""
    count = 0
    for table in tables():
        names = [field.attname for field in columns(table)]
        _write(out, {"table": table._meta.label, "columns": names})
        rows = table._base_manager.order_by("pk").values_list(*names)
        for row in rows.iterator(chunk_size=ROWS_AT_ONCE):
            _write(out, [_plain(value) for value in row])
            count += 1
    return count


def read_rows(lines: Iterable[str]) -> Iterator[tuple[str, list[str], list[list[Any]]]]:
    """Tables with their columns and some of their rows. Raises ValueError, also for what was cut."""
    table = ""
    names: list[str] = []
    rows: list[list[Any]] = []
    for line in lines:
        read = json.loads(line)
        if isinstance(read, dict):
            if rows:
                yield table, names, rows
            table, names, rows = read["table"], read["columns"], []
        else:
            rows.append(read)
            if len(rows) == ROWS_AT_ONCE:
                yield table, names, rows
                rows = []
    if rows:
        yield table, names, rows


def value_of(field: "models.Field[Any, Any]", plain: Any) -> Any:
    """What was written of a column, as its field has it."""
    if plain is None or isinstance(field, models.JSONField):
        return plain
    if isinstance(field, models.BinaryField):
        return base64.b64decode(plain)
    return (field.target_field if isinstance(field, models.ForeignKey) else field).to_python(plain)


def _write(out: TextIO, what: Any) -> None:
    out.write(json.dumps(what, ensure_ascii=False, separators=(",", ":")) + "\n")


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str | list | dict):
        return value
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(value, timedelta):
        return duration_iso_string(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return str(getattr(value, "amount", value))  # of money its currency is a column of its own
