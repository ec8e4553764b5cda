"""Draws the rows of a table's page: what django-tables2 does for each cell anew is found out once for a column."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_tables2 import A, Table
from django_tables2.columns import BoundColumn
from django_tables2.rows import BoundRow
from django_tables2.utils import signature

from imsconsole.core.cells import escaped, label_of

Draw = Callable[[BoundRow], Any]


def drawn_rows(table: Table) -> Iterator[SafeString]:
    """All rows of a page are of one kind."""
    cells: list[tuple[str, Draw]] = []
    for row in table.paginated_rows:
        cells = cells or [(_begun(column), _drawer(column, row.record)) for column in table.columns]
        drawn = "".join([f"{begun}{escaped(localize(draw(row)))}</td>" for begun, draw in cells])
        attrs = "".join([f' {name}="{escaped(text)}"' for name, text in attrs_of(row.record, table).items()])
        yield SafeString(f"<tr{attrs}>{drawn}</tr>")


def attrs_of(record: Any, table: Table) -> dict[str, Any]:
    """The attributes of its row (`Meta.row_attrs`), those that it has."""
    known = {"record": record, "table": table}
    found = (
        (name, of(**{each: known[each] for each in _wanted(of)}) if callable(of) else of)
        for name, of in table.row_attrs.items()
    )
    return {name: value for name, value in found if value is not None}


@lru_cache(maxsize=256)
def _wanted(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of what it takes."""
    wanted: tuple[str, ...] = signature(function)[0]
    return wanted


def _begun(column: BoundColumn) -> SafeString:
    return format_html('<td {} data-label="{}">', column.attrs["td"].as_html(), column.header)


def _drawer(column: BoundColumn, example: Any) -> Draw:
    """What draws its cell of a row, for rows like the example; an empty value is the column's default."""
    render, link, empty = column.render, column.link, column.column.empty_values
    wanted, takes_all = signature(render)
    read = (
        _reader(column, example) if empty or link or takes_all or "value" in wanted else lambda _record: None
    )
    same = {"column": column.column, "bound_column": column, "table": column._table}

    def draw(row: BoundRow) -> Any:
        value = read(row.record)
        if value in empty:
            return column.default
        known = same | {"value": value, "record": row.record, "bound_row": row}
        content = render(**(known if takes_all else {name: known[name] for name in wanted}))
        return link(content, **known) if link else content

    return draw


def _reader(column: BoundColumn, example: Any) -> Callable[[Any], Any]:
    """What reads its value of a record: of a field with choices what they are called, None where there is no such thing."""
    accessor = A(column.accessor)
    owner = accessor.penultimate(example)[1]
    has_choices = isinstance(example, Model) and bool(getattr(_field(accessor, example), "choices", ()))

    def read(record: Any) -> Any:
        try:
            if not has_choices:
                return accessor.resolve(record)
            thing = accessor.penultimate(record)[0] if accessor != owner else record
            return label_of(thing, owner)
        except Exception:  # noqa: BLE001 - as django-tables2: whatever a record lacks is an empty cell
            return None

    return read


def _field(accessor: A, example: Model) -> Any:
    try:
        return accessor.get_field(example)
    except FieldDoesNotExist:
        return None
