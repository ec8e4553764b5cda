"""Any list as a CSV file: streamed, safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import quote

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils.functional import Promise
from django.utils.timezone import localtime

from imsconsole.core.now import now

BOM = "\ufeff"  # or Excel reads UTF-8 as something else
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
FORMULA_STARTS_OR_SPACES = "".join((*FORMULA_STARTS, " "))
READ_AT_ONCE = 2000
SENT_AT_ONCE = 200  # lines: each piece costs the web server a call
Columns = Sequence[tuple[str | Promise, Callable[[Any], Any]]]  # the title of each, and its cell for a row


def safe_cell(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets an apostrophe before it (OWASP)."""
    if isinstance(value, str) and value[:1] in FORMULA_STARTS_OR_SPACES:
        return f"'{value}" if value.lstrip(" ").startswith(FORMULA_STARTS) else value
    return value


def csv_pieces(headings: Iterable[Any], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """A CSV file: the headings at once, then many lines at a time."""
    yield BOM + _lines([map(str, headings)])
    rows = iter(rows)
    while piece := _lines(islice(rows, SENT_AT_ONCE)):
        yield piece


def _lines(rows: Iterable[Iterable[Any]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([safe_cell(cell) for cell in row] for row in rows)
    return out.getvalue()


def dated_name(*parts: object) -> str:
    """The name of a file: its parts and the reader's date, `acme-images-2026-11-24.csv`."""
    return f"{'-'.join(map(str, parts))}-{localtime(now()):%Y-%m-%d}.csv"


def moment(at: datetime | None) -> str:
    """A time for a spreadsheet, in the reader's zone with its offset; empty when there is none."""
    return localtime(at).isoformat(timespec="seconds") if at else ""


def csv_response(columns: Columns, rows: Iterable[Any], filename: str) -> StreamingHttpResponse:
    """A download whose lines are made while they are sent; of a queryset 2,000 rows are in memory at once."""
    things = rows.iterator(chunk_size=READ_AT_ONCE) if isinstance(rows, QuerySet) else rows
    cells = ([cell(thing) for _title, cell in columns] for thing in things)
    return csv_file([title for title, _cell in columns], cells, filename)


def csv_file(headings: Iterable[Any], rows: Iterable[Iterable[Any]], filename: str) -> StreamingHttpResponse:
    """A download of these lines."""
    response = StreamingHttpResponse(csv_pieces(headings, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(filename)}"
    return response
