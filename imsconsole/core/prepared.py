"""Queries that every page asks: building their SQL takes ten to fifty times as long as asking it, so it is built once."""

from collections.abc import Callable
from copy import copy
from datetime import UTC, datetime, timedelta
from functools import cached_property
from types import SimpleNamespace
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.query import ModelIterable
from django.db.models.sql.compiler import SQLCompiler

from imsconsole.core.now import now, standing_at

Row = TypeVar("Row", bound=Model)
Value = int | str | UUID
THEN = datetime(4000, 1, 1, tzinfo=UTC)  # the time while SQL is built
NEAR_THEN = timedelta(days=366)


class Built(NamedTuple):
    compiler: SQLCompiler
    sql: str
    values: list[Callable[[dict[str, Value]], Any]]  # what finds each


class Prepared(Generic[Row]):
    """Rows found with SQL that is built at the first call; after that only its values differ, and the time.

    `rows` makes the query, with a stand-in of that type for each value: it may compare the stand-ins, and `now()` give or
    take some days, but not decide by them what it asks for.
    """

    def __init__(self, rows: Callable[..., QuerySet[Row]], **types: type[Value]) -> None:
        self._rows, self._types = rows, types

    def __call__(self, **values: Value) -> list[Row]:
        built, given = self._built, {name: _as_stored(value) for name, value in values.items()}
        compiler = copy(built.compiler)
        compiler.connection = connection
        params = tuple(find(given) for find in built.values)
        compiler.as_sql = lambda *_, **__: (built.sql, params)  # type: ignore[method-assign]
        query = SimpleNamespace(get_compiler=lambda using: compiler)
        asked = SimpleNamespace(
            db=connection.alias, query=query, model=compiler.query.model, _known_related_objects={}
        )
        return list(ModelIterable(asked))  # type: ignore[arg-type]

    @cached_property
    def _built(self) -> Built:
        stand_ins = {name: _stand_in(kind, number) for number, (name, kind) in enumerate(self._types.items())}
        with standing_at(THEN):
            query = self._rows(**stand_ins).query
            compiler = query.get_compiler(connection.alias)
            sql, params = compiler.as_sql()
        names = {_as_stored(stand_in): name for name, stand_in in stand_ins.items()}
        if missing := set(names) - set(params):
            raise ValueError(f"The query does not compare {[names[value] for value in missing]}")
        return Built(compiler, sql, [_finds(param, names) for param in params])


def _stand_in(kind: type[Value], number: int) -> Value:
    if kind is UUID:
        return UUID(int=(0x5AFE << 112) + number)
    return f"stand-in-{number}" if kind is str else 1_789_000_000 + number


def _finds(param: Any, names: dict[Any, str]) -> Callable[[dict[str, Value]], Any]:
    if (name := names.get(param)) is not None:
        return lambda values: values[name]
    if (moment := _moment(param)) and abs(moment - THEN) < NEAR_THEN:
        return lambda _values: connection.ops.adapt_datetimefield_value(now() + (moment - THEN))
    return lambda _values: param


def _moment(param: Any) -> datetime | None:
    """The time that a value of a query stands for; SQLite has it as text without a zone."""
    if isinstance(param, str):
        try:
            return datetime.fromisoformat(param).replace(tzinfo=UTC)
        except ValueError:
            return None
    return param if isinstance(param, datetime) else None


def _as_stored(value: Value) -> Any:
    is_text = isinstance(value, UUID) and not connection.features.has_native_uuid_field
    return value.hex if is_text else value  # type: ignore[union-attr]
