"""Databases beside the test's own: filled from a dump, migrated by `manage.py`, and read row by row."""

import gzip
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler

from tests.support.workers import worker_environment

HERE = Path(__file__).parent
POSTGRESQL_SCHEMA = (
    "SELECT table_name, column_name, udt_name, character_maximum_length, numeric_precision, numeric_scale,"
    " is_nullable, column_default, is_identity FROM information_schema.columns WHERE table_schema = 'public'",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid <> 0",
    "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
)

CASTS = re.compile(r"::(character varying|text)(\[\])?|[()]")  # a dump that was read casts elsewhere in a condition


@contextmanager
def restored(dump: str, name: str) -> Iterator[str]:
    """A database with what is in `<dump>.<vendor>.sql.gz`, removed in the end: its name, or the path of its file."""
    sql = gzip.decompress((HERE / f"{dump}.{connection.vendor}.sql.gz").read_bytes()).decode()
    if connection.vendor == "sqlite":
        path = Path(settings.DATABASE_DIR) / f"{name}.sqlite3"
        with connected(str(path)) as db:
            db.connection.executescript(sql)
        yield str(path)
        path.unlink()
        return
    name = f"{connection.settings_dict['NAME']}_{name}"
    with connected("postgres") as server:
        run(server, f'CREATE DATABASE "{name}"')
        with connected(name) as db:
            run(db, sql)
        yield name
        run(server, f'DROP DATABASE "{name}"')


@dataclass(frozen=True)
class Contents:
    """All of a database: its schema, its columns, and its rows by table."""

    schema: "Counter[tuple[Any, ...]]"
    columns: dict[str, list[str]]
    all: dict[str, "Counter[tuple[Any, ...]]"]

    def rows(self, columns: dict[str, list[str]]) -> dict[str, "Counter[tuple[Any, ...]]"]:
        """Every row of these tables, as far as these columns go."""
        found = {}
        for table, names in columns.items():
            at = [self.columns[table].index(name) for name in names]
            found[table] = Counter(tuple(row[each] for each in at) for row in self.all[table].elements())
        return found


def contents_of(db: BaseDatabaseWrapper) -> Contents:
    columns = columns_of(db)
    return Contents(schema_of(db), columns, rows_of(db, columns))


@contextmanager
def connected(name: str) -> Iterator[BaseDatabaseWrapper]:
    """A connection of its own to another database of the test's server, or to another file."""
    db = ConnectionHandler({"default": {**connection.settings_dict, "NAME": name}})["default"]
    db.ensure_connection()
    yield db
    db.close()


def run(db: BaseDatabaseWrapper, sql: str) -> list[tuple[Any, ...]]:
    """What a statement answers; nothing, if it only does."""
    with db.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


def manage(command: str, name: str) -> "subprocess.CompletedProcess[str]":
    """A command on a database, as an operator gives it."""
    return subprocess.run(
        [sys.executable, "manage.py", command, "--verbosity", "0"],
        cwd=settings.BASE_DIR, env=worker_environment(name), capture_output=True, text=True, check=False,
    )  # fmt: skip


def columns_of(db: BaseDatabaseWrapper) -> dict[str, list[str]]:
    """The names of the columns, by table."""
    with db.cursor() as cursor:
        return {
            table: [column.name for column in db.introspection.get_table_description(cursor, table)]
            for table in db.introspection.table_names(cursor)
        }


def rows_of(db: BaseDatabaseWrapper, columns: dict[str, list[str]]) -> dict[str, "Counter[tuple[Any, ...]]"]:
    quote = db.ops.quote_name
    return {
        table: Counter(
            tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)
            for row in run(db, f"SELECT {', '.join(map(quote, names))} FROM {quote(table)}")
        )
        for table, names in columns.items()
    }


def add_row(db: BaseDatabaseWrapper, table: str, changes: dict[str, Any]) -> None:
    """One more row, as one that is there but for some columns."""
    names = columns_of(db)[table]
    row = dict(zip(names, run(db, f"SELECT {', '.join(names)} FROM {table} LIMIT 1")[0], strict=True)) | changes
    run(db, f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(_literal(each) for each in row.values())})")


def _literal(value: Any) -> str:
    if value is None or isinstance(value, bool | int):
        return "NULL" if value is None else str(value).upper()
    text = json.dumps(value) if isinstance(value, dict | list) else str(value)
    return f"""'{text.replace("'", "''")}'"""


def schema_of(db: BaseDatabaseWrapper) -> "Counter[tuple[Any, ...]]":
    """Columns, indexes and constraints with their definitions, in no order: a column that was added stands last."""
    if db.vendor == "postgresql":
        rows = (row for query in POSTGRESQL_SCHEMA for row in run(db, query))
        return Counter(tuple(CASTS.sub("", cell) if isinstance(cell, str) else cell for cell in row) for row in rows)
    made = run(db, "SELECT type, tbl_name, name, sql FROM sqlite_master WHERE sql <> '' AND name NOT LIKE 'sqlite_%'")
    return Counter(
        (*what, part)
        for *what, sql in made
        for part in sql[sql.index("(") + 1 : sql.rindex(")")].split(", ") + [sql[sql.rindex(")") :]]
    )
