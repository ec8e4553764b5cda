"""Any table as a CSV file: streamed, safe to open in a spreadsheet."""

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

import django_tables2 as tables
from django.db.models import Model, QuerySet
from django.http import StreamingHttpResponse
from django.utils.timezone import localtime
from django_tables2.rows import BoundRow

from imsconsole.core.now import now

BOM = "\ufeff"  # or Excel reads UTF-8 as something else
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class _Echo:
    """A file that gives back what is written."""

    @staticmethod
    def write(line: str) -> str:
        return line


def safe_cell(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets an apostrophe before it (OWASP)."""
    if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def csv_lines(headings: Iterable[Any], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """The lines of a CSV file, one after the other."""
    writer = csv.writer(_Echo())
    yield BOM + writer.writerow([safe_cell(str(heading)) for heading in headings])
    for row in rows:
        yield writer.writerow([safe_cell(cell) for cell in row])


def dated_name(*parts: object) -> str:
    """The name of a file: its parts and the reader's date, `acme-images-2026-11-24.csv`."""
    return f"{'-'.join(map(str, parts))}-{localtime(now()):%Y-%m-%d}.csv"


def moment(at: datetime | None) -> str:
    """A time for a spreadsheet, in the reader's zone with its offset; empty when there is none."""
    return localtime(at).isoformat(timespec="seconds") if at else ""


def csv_stream(
    headings: Iterable[Any], rows: Iterable[Iterable[Any]], filename: str
) -> StreamingHttpResponse:
    """A download whose lines are made while they are sent; `rows` may be endless."""
    response = StreamingHttpResponse(csv_lines(headings, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(filename)}"
    return response


def csv_response(
    table_class: type[tables.Table], queryset: "QuerySet[Model]", filename: str
) -> StreamingHttpResponse:
    """Stream `queryset` in the columns of a table; 2,000 rows in memory at once.

    A column without a heading of its own has that of the model's field, for which the table must know the model.
    """
    table = table_class(queryset.none())
    columns = list(table.columns)
    rows = (
        [_cell(BoundRow(record, table), column.name) for column in columns]
        for record in queryset.iterator(chunk_size=2000)
    )
    return csv_stream([column.header for column in columns], rows, filename)


def _cell(row: BoundRow, name: str) -> Any:
    value = row.get_cell_value(name)
    return "" if value is None else value if isinstance(value, int | float) else str(value)
