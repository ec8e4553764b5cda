"""Rows that very many tests begin with, written with SQL that is built once: building it takes five times as long."""

from typing import TypeVar

from django.db import connections
from django.db.models import AutoField, Model
from django.db.models.sql import InsertQuery

Row = TypeVar("Row", bound=Model)
_SQL: dict[tuple[type[Model], int], str] = {}


def write(*rows: Row) -> tuple[Row, ...]:
    """What `bulk_create` does with new rows of one model, which have no values that the database computes."""
    model, connection = type(rows[0]), connections["default"]
    if connection.vendor != "sqlite":  # PostgreSQL takes a column's values as one array, sometimes
        return tuple(model._base_manager.bulk_create(rows))
    is_numbered = isinstance(model._meta.pk, AutoField)
    fields = [field for field in model._meta.concrete_fields if not (is_numbered and field.primary_key)]
    sql = _SQL.get((model, len(rows))) or _build(model, fields, rows, is_numbered)
    values = [
        field.get_db_prep_save(field.pre_save(row, add=True), connection) for row in rows for field in fields
    ]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        keys = [key for (key,) in cursor.fetchall()] if is_numbered else [row.pk for row in rows]
    for row, key in zip(rows, keys, strict=True):
        row.pk = key
        row._state.adding, row._state.db = False, connection.alias
    return rows


def _build(model: type[Row], fields: list, rows: tuple[Row, ...], is_numbered: bool) -> str:
    query = InsertQuery(model)
    query.insert_values(fields, rows)
    compiler = query.get_compiler("default")
    compiler.returning_fields = [model._meta.pk] if is_numbered else []
    [(sql, _values)] = compiler.as_sql()
    _SQL[model, len(rows)] = sql
    return sql
