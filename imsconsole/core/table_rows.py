"""Draws the rows of a table's page: what django-tables2 does for each cell anew is found out once for a column."""

from collections.abc import Callable, Iterator
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.utils.formats import localize
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django_tables2 import A, Table
from django_tables2.columns import BoundColumn
from django_tables2.rows import BoundRow
from django_tables2.utils import call_with_appropriate, signature

from imsconsole.core.cells import label_of

Draw = Callable[[BoundRow], Any]


def drawn_rows(table: Table) -> Iterator[SafeString]:
    """All rows of a page are of one kind."""
    cells: list[tuple[str, Draw]] = []
    for row in table.paginated_rows:
        cells = cells or [(_begun(column), _drawer(column, row.record)) for column in table.columns]
        drawn = "".join([begun + conditional_escape(localize(draw(row))) + "</td>" for begun, draw in cells])
        attrs = format_html_join("", ' {}="{}"', attrs_of(row.record, table).items())
        yield SafeString(f"<tr{attrs}>{drawn}</tr>")


def attrs_of(record: Any, table: Table) -> dict[str, Any]:
    """The attributes of its row (`Meta.row_attrs`), those that it has."""
    known = {"record": record, "table": table}
    found = (
        (name, call_with_appropriate(of, known) if callable(of) else of)
        for name, of in table.row_attrs.items()
    )
    return {name: value for name, value in found if value is not None}


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
