"""The base of every table on a page."""

from collections.abc import Callable, Collection, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, ClassVar, TypeVar

import django_tables2 as tables
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.middleware.csrf import get_token
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django_tables2.rows import BoundRows

from imsconsole.core.actions import ROW, Action
from imsconsole.core.buttons import RowButtons
from imsconsole.core.cells import Shapes, fragment, label_of, named, status
from imsconsole.core.paging import PER_PAGE, Page, Total, in_order, page_of
from imsconsole.core.query_string import number_in
from imsconsole.core.table_rows import attrs_of, drawn_rows
from imsconsole.core.templatetags.ims import ago

PAGE_SIZES = (10, 25, 50, 100)
T = TypeVar("T", bound="ImsTable")


@dataclass(frozen=True)
class Empty:
    """What stands in the place of a table without rows.

    Below it stands what the page offers, unless that is no way out (`is_end`), or a link to the page `url_name`.
    """

    title: str | Promise
    text: str | Promise = ""
    icon: str = "inbox"
    is_end: bool = False
    url_name: str = ""
    label: str | Promise = ""


class _Columns(dict[str, tables.Column]):
    """Copied for each table, but not into the depth: of a column it changes no more than whether it is seen."""

    def __deepcopy__(self, _memo: Any) -> "_Columns":
        return _Columns((name, copy(column)) for name, column in self.items())


class ImsTable(tables.Table):
    """Sorted and paged by the URL, drawn by `components/table.html`.

    `empty_text` is what an empty table says, or `empty` stands in its place.
    `caption` names the table for screen readers. `choosable` are the columns that people show or hide,
    each with whether it is shown at first; the others are always shown.
    """

    page_sizes: ClassVar[tuple[int, ...]] = PAGE_SIZES
    caption: ClassVar[str | Promise] = ""
    empty: ClassVar[Empty | None] = None
    poll_template: ClassVar[str] = "components/_poll.html"
    choosable: ClassVar[dict[str, bool]] = {}

    class Meta:
        attrs: ClassVar[dict[str, str]] = {"class": "table"}
        empty_text = _("Nothing here yet.")
        default = "–"

    def __init_subclass__(cls) -> None:
        cls.base_columns = _Columns(cls.base_columns)

    def __init__(self, *args: Any, actor: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        self.page: Page | None = None  # set by `paged`, and how many rows there are on all pages
        self.total = Total(0)

    @cached_property
    def back(self) -> str:
        """The address of the page, for what leads back to it."""
        return self.request.get_full_path() if self.request else ""

    @cached_property
    def csrf_token(self) -> str:
        return get_token(self.request) if self.request else ""

    @classmethod
    def reading(cls, rows: "QuerySet[Any]", columns: Collection[str], actor: Any) -> "QuerySet[Any]":
        """The rows with what these of the choosable columns and the row's actions read."""
        return rows

    @property
    def paginated_rows(self) -> BoundRows:
        return BoundRows(self.page.rows, self) if self.page else self.rows

    def load(self, records: list[Any]) -> None:
        """Find what the rows of a page say besides, in as many queries for one as for a hundred."""

    def nothing(self) -> Empty | None:
        """What stands here now that there are no rows."""
        return self.empty

    def is_working(self, record: Any) -> bool:
        """Whether a row changes by itself, so that the list asks for it again."""
        return False

    @property
    def rows_in_progress(self) -> list[str]:
        """The ids of the rows that change by themselves."""
        working = (row.record for row in self.paginated_rows if self.is_working(row.record))
        return [attrs_of(record, self)["id"] for record in working]

    def drawn_rows(self) -> Iterator[SafeString]:
        """The rows of the page."""
        return drawn_rows(self)

    @property
    def dom_id(self) -> str:
        """The id of the root element, which htmx swaps: `Meta.attrs["id"]`, else made of the class's name."""
        return self.attrs.get("id") or f"{type(self).__name__.lower()}{self.prefix}"

    @classmethod
    def shown_at_first(cls) -> list[str]:
        return [name for name, is_shown in cls.choosable.items() if is_shown]

    @classmethod
    def in_order(cls, rows: "QuerySet[Any]", query: QueryDict) -> "QuerySet[Any]":
        """All rows, sorted as the query says or else as the table is: what a file of them has."""
        ordered: QuerySet[Any] = cls(rows, order_by=query.getlist("sort") or None).data.data
        return in_order(ordered)

    def show(self, chosen: Collection[str]) -> None:
        """Hide the choosable columns that are not chosen. One may still sort by them."""
        for name in self.choosable:
            if name not in chosen:
                self.columns.hide(name)

    @property
    def keys(self) -> list[tuple[str, str | Promise]]:
        """What keys do on a row, each with its label."""
        return getattr(self.base_columns.get("actions"), "keys", [])

    def column_choices(self) -> list[tuple[str, str, bool]]:
        """Name, heading and whether it is shown, of every choosable column."""
        columns = {column.name: column for column in self.columns.iterall()}
        return [(name, columns[name].header, columns[name].visible) for name in self.choosable]


class FragmentColumn(tables.Column):
    """A cell drawn by a template that knows only its row: `record`, `value`, `table`, `request`, `csrf_token`.

    `extra_context(record, table)` says what it knows besides.
    """

    empty_values = ()

    def __init__(
        self,
        template_name: str,
        extra_context: Callable[[Any, Any], dict[str, Any]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.template_name, self.extra_context = template_name, extra_context

    def render(self, record: Any, value: Any, table: tables.Table) -> SafeString:
        known = {"record": record, "value": value, "table": table}
        if self.extra_context:
            known |= self.extra_context(record, table)
        if table.request is not None:
            known |= {
                "request": table.request,
                "csrf_token": table.csrf_token,
            }
        return fragment(self.template_name, **known)


PICK = Shapes(partial(fragment, "components/_pick.html"), "pk", "name")


class PickColumn(tables.Column):
    """A box before every row: see `core.selection`. The rows need `name`."""

    empty_values = ()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            verbose_name=_("Select"),
            orderable=False,
            attrs={"th": {"class": "pick"}, "td": {"class": "pick"}},
            **kwargs,
        )

    def render(self, record: Any) -> SafeString:
        return PICK.fill({"pk": record.pk, "name": record.name})


class NameColumn(tables.Column):
    """A name that leads to its page, and the ID."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"verbose_name": _("Name/ID"), "order_by": ("name", "pk")} | kwargs)

    def render(self, record: Any) -> SafeString:
        return named(record.name, record.pk, url=record.get_absolute_url())


class StatusColumn(tables.Column):
    """The dot and the label of a field with choices, sorted by it."""

    def __init__(self, name: str = "status", **kwargs: Any) -> None:
        super().__init__(order_by=(name, "pk"), **kwargs)
        self.name = name

    def render(self, record: Any) -> SafeString:
        return status(getattr(record, self.name), label_of(record, self.name))


class TimeColumn(tables.Column):
    """A time as people say it, sorted by the field `name`; `how` as `ago` says it."""

    empty_values = ()

    def __init__(self, name: str, how: str = "", **kwargs: Any) -> None:
        super().__init__(**{"order_by": (name, "pk"), "attrs": {"td": {"class": "time"}}, **kwargs})
        self.how = how

    def render(self, value: Any) -> str:
        return ago(value, self.how)


class NumberColumn(tables.Column):
    """A number, to the right, sorted by the field `name`."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(
            order_by=(name, "pk"), attrs={name: {"class": "number"} for name in ("th", "td")}, **kwargs
        )


class ActionsColumn(tables.Column):
    """What may be done with a row: of `actions` those that stand in rows.

    `known` finds what the page knows already of the row, for rules that it spares to ask.
    """

    empty_values = ()

    def __init__(
        self,
        actions: Sequence[Action],
        known: Callable[[Any, Any], dict[str, Any]] = lambda _record, _table: {},
    ) -> None:
        self.keys = [(each.key, each.label) for each in actions if each.key and ROW in each.where]
        self.buttons, self.known = RowButtons(actions), known
        attrs = {name: {"class": "row-actions"} for name in ("th", "td")}
        super().__init__(verbose_name=_("Operation"), orderable=False, attrs=attrs)

    def render(self, record: Any, table: Any) -> SafeString:
        return self.buttons.fill(record, table.actor, self.known(record, table), table.back, table.csrf_token)


def paged(
    table_class: type[T],
    rows: "QuerySet[Any]",
    request: HttpRequest,
    columns: Collection[str] | None = None,
    count: Callable[["QuerySet[Any]"], Total] | None = None,
) -> T:
    """The table of a request: order, page and page size from its URL; bad values are ignored.

    `columns`: the choosable columns to show; None shows every column.
    """
    shown = table_class.choosable if columns is None else columns
    actor = getattr(request, "actor", None)
    table = table_class(rows, actor=actor)
    table.show(shown)
    tables.RequestConfig(request, paginate=False).configure(table)  # its own paging counts all rows
    size = number_in(request.GET.get(table.per_page_field))
    per_page = size if size in PAGE_SIZES else PER_PAGE
    ordered: QuerySet[Any] = table.data.data
    table.page = page_of(
        ordered, request.GET, per_page, lambda found: table_class.reading(found, shown, actor), count
    )
    table.total = table.page.total
    table.load(table.page.rows)
    return table
