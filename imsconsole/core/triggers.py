"""Triggers: what the database itself does when a row changes, whoever changes it. One text for PostgreSQL and SQLite.

They are no part of migrations: `manage.py migrate` takes them away and makes those of the present code, since SQLite loses
them with every table that a migration builds anew.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from django.db import connection

PREFIX = "ims_"  # of the names of all


@dataclass(frozen=True)
class Trigger:
    """After a row of `table` was inserted, updated or deleted: `statements`, for which it is NEW, OLD or both.

    `columns`: only an UPDATE that sets one of them; `when`: only if that is true, which asks for no other row.
    """

    purpose: str
    table: str
    event: Literal["INSERT", "UPDATE", "DELETE"]
    statements: tuple[str, ...]
    columns: tuple[str, ...] = ()
    when: str = ""

    @property
    def name(self) -> str:
        return f"{PREFIX}{self.purpose}_{self.table}_{self.event.lower()}"

    @property
    def body(self) -> str:
        return " ".join(f"{statement};" for statement in self.statements)

    @property
    def head(self) -> str:
        """What stands before the body, as both say it."""
        of = f" OF {', '.join(self.columns)}" if self.columns else ""
        when = f" WHEN ({self.when})" if self.when else ""
        return f"CREATE TRIGGER {self.name} AFTER {self.event}{of} ON {self.table} FOR EACH ROW{when}"


def make_triggers(triggers: Iterable[Trigger]) -> None:
    with connection.cursor() as cursor:
        for trigger in triggers:
            if connection.vendor == "postgresql":
                cursor.execute(
                    f"CREATE FUNCTION {trigger.name}() RETURNS trigger LANGUAGE plpgsql AS "
                    f"$${_function(trigger)}$$; {trigger.head} EXECUTE FUNCTION {trigger.name}()"
                )
            else:
                cursor.execute(_of_sqlite(trigger))


def drop_triggers() -> bool:
    """All of ours, of whatever version; whether there were any."""
    names = list(_found())
    with connection.cursor() as cursor:
        for name in names:
            if connection.vendor == "postgresql":
                cursor.execute(f"DROP FUNCTION {name} CASCADE")
            else:
                cursor.execute(f"DROP TRIGGER {name}")
    return bool(names)


def are_made(triggers: Iterable[Trigger]) -> bool:
    """Whether the database has these of ours, switched on, and no others."""
    text = _function if connection.vendor == "postgresql" else _of_sqlite
    return _found() == {trigger.name: text(trigger) for trigger in triggers}


def _function(trigger: Trigger) -> str:
    return f"BEGIN {trigger.body} RETURN NULL; END"


def _of_sqlite(trigger: Trigger) -> str:
    return f"{trigger.head} BEGIN {trigger.body} END"


def _found() -> dict[str, str]:
    """By name, what says in the database what they do."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname, CASE WHEN tgenabled = 'O' THEN prosrc ELSE '' END "
            "FROM pg_proc LEFT JOIN pg_trigger ON tgfoid = pg_proc.oid "
            f"WHERE starts_with(proname, '{PREFIX}') AND pronamespace = current_schema()::regnamespace"
            if connection.vendor == "postgresql"
            else f"SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name GLOB '{PREFIX}*'"
        )
        return dict(cursor.fetchall())
