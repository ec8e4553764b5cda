"""Any list as a CSV file: streamed, safe to open in a spreadsheet."""

import csv
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


class _Echo:
    """A file that gives back what is written."""

    @staticmethod
    def write(line: str) -> str:
        return line


def safe_cell(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets an apostrophe before it (OWASP)."""
    if isinstance(value, str) and value[:1] in FORMULA_STARTS_OR_SPACES:
        return f"'{value}" if value.lstrip(" ").startswith(FORMULA_STARTS) else value
    return value


def csv_lines(headings: Iterable[Any], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """The lines of a CSV file, one after the other."""
    writer = csv.writer(_Echo())
    yield BOM + writer.writerow([safe_cell(str(heading)) for heading in headings])
    for row in rows:
        yield writer.writerow([safe_cell(cell) for cell in row])


def _pieces(lines: Iterator[str]) -> Iterator[str]:
    """The headings at once, then many lines at a time."""
    yield next(lines)
    while piece := "".join(islice(lines, SENT_AT_ONCE)):
        yield piece


def dated_name(*parts: object) -> str:
    """The name of a file: its parts and the reader's date, `acme-images-2026-11-24.csv`."""
    return f"{'-'.join(map(str, parts))}-{localtime(now()):%Y-%m-%d}.csv"


def moment(at: datetime | None) -> str:
    """A time for a spreadsheet, in the reader's zone with its offset; empty when there is none."""
    return localtime(at).isoformat(timespec="seconds") if at else ""


def csv_response(columns: Columns, rows: Iterable[Any], filename: str) -> StreamingHttpResponse:
    """A download whose lines are made while they are sent; of a queryset 2,000 rows are in memory at once."""
    things = rows.iterator(chunk_size=READ_AT_ONCE) if isinstance(rows, QuerySet) else rows
    lines = csv_lines(
        [title for title, _cell in columns], ([cell(thing) for _title, cell in columns] for thing in things)
    )
    response = StreamingHttpResponse(_pieces(lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(filename)}"
    return response
