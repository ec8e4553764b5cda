"""The base of every table on a page."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, ClassVar

import django_tables2 as tables
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template import Context, Engine, Template
from django.utils.functional import Promise, SimpleLazyObject, cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from imsconsole.core.actions import Action, offered

PAGE_SIZES = (10, 25, 50, 100)
PER_PAGE = 25


class ImsTable(tables.Table):
    """Sorted and paged by the URL, drawn by `components/table.html`.

    `empty_text` is what an empty list says, or `empty_template` is drawn in the table's place.
    `caption` names the table for screen readers. `choosable` are the columns that people show or hide,
    each with whether it is shown at first; the others are always shown.
    """

    page_sizes: ClassVar[tuple[int, ...]] = PAGE_SIZES
    caption: ClassVar[str | Promise] = ""
    empty_template: ClassVar[str] = ""
    choosable: ClassVar[dict[str, bool]] = {}

    class Meta:
        attrs: ClassVar[dict[str, str]] = {"class": "table"}
        empty_text = _("Nothing here yet.")

    @property
    def dom_id(self) -> str:
        """The id of the root element, which htmx swaps: `Meta.attrs["id"]`, else made of the class's name."""
        return self.attrs.get("id") or f"{type(self).__name__.lower()}{self.prefix}"

    @classmethod
    def shown_at_first(cls) -> list[str]:
        return [name for name, is_shown in cls.choosable.items() if is_shown]

    def show(self, chosen: Collection[str]) -> None:
        """Hide the choosable columns that are not chosen. One may still sort by them."""
        for name in self.choosable:
            if name not in chosen:
                self.columns.hide(name)

    def column_choices(self) -> list[tuple[str, str, bool]]:
        """Name, heading and whether it is shown, of every choosable column."""
        columns = {column.name: column for column in self.columns.iterall()}
        return [(name, columns[name].header, columns[name].visible) for name in self.choosable]


class FragmentColumn(tables.TemplateColumn):
    """A cell drawn by a template that knows only its row: `record`, `value`, `request`, `csrf_token`.

    Nothing of the page around it, whose context processors would run again for every cell.
    """

    @cached_property
    def _compiled(self) -> Template:
        return Template(self.template_code)

    def render(
        self, record: Any, table: tables.Table, value: Any, bound_column: Any, **kwargs: Any
    ) -> SafeString:
        known = self.get_context_data(
            record=record, table=table, value=value, bound_column=bound_column, **kwargs
        )
        known["table"] = table
        if table.request is not None:
            known["request"] = table.request
            known["csrf_token"] = SimpleLazyObject(lambda: get_token(table.request))
        template = (
            self._compiled if self.template_code else Engine.get_default().get_template(self.template_name)
        )
        return template.render(Context(known))


class PickColumn(FragmentColumn):
    """A box before every row: see `core.selection`. The rows need `name`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            template_name="components/_pick.html",
            verbose_name=_("Select"),
            orderable=False,
            attrs={"th": {"class": "pick"}, "td": {"class": "pick"}},
            **kwargs,
        )


class TimeColumn(FragmentColumn):
    """A time as people say it, sorted by the field `name`."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__("{{ value|ago }}", order_by=(name, "pk"), attrs={"td": {"class": "time"}}, **kwargs)


class NumberColumn(tables.Column):
    """A number, to the right, sorted by the field `name`."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(
            order_by=(name, "pk"), attrs={name: {"class": "number"} for name in ("th", "td")}, **kwargs
        )


class ActionsColumn(FragmentColumn):
    """What may be done with a row: of `actions` those that stand in rows.

    `known` finds what the page knows already of the row, for rules that it spares to ask.
    """

    def __init__(
        self,
        actions: Sequence[Action],
        known: Callable[[Any, Any], dict[str, Any]] = lambda _record, _table: {},
    ) -> None:
        super().__init__(
            "{% actions offers 'row' %}",
            extra_context=lambda record, table: {
                "offers": offered(actions, record, table.request.actor, **known(record, table))
            },
            verbose_name=_("Operation"),
            orderable=False,
            attrs={name: {"class": "row-actions"} for name in ("th", "td")},
        )


def paged(
    table_class: type[ImsTable],
    queryset: "QuerySet[Model]",
    request: HttpRequest,
    columns: Collection[str] | None = None,
    **kwargs: Any,
) -> ImsTable:
    """The table of a request: order, page and page size from its URL; bad values are ignored.

    `columns`: the choosable columns to show; None shows every column.
    """
    table = table_class(queryset, request=request, **kwargs)
    if columns is not None:
        table.show(columns)
    tables.RequestConfig(request, paginate=False).configure(table)  # its own paging takes any size
    size = request.GET.get(table.prefixed_per_page_field, "")
    table.paginate(per_page=int(size) if size.isdecimal() and int(size) in PAGE_SIZES else PER_PAGE)
    table.page = table.paginator.get_page(request.GET.get(table.prefixed_page_field))
    return table
