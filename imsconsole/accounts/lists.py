"""Lists, and what each has besides its rows: saved views, chosen columns, its state as a link."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import get_script_prefix, reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString

from imsconsole.accounts.access import ActorRequest
from imsconsole.accounts.models import ListName, SavedView
from imsconsole.accounts.rules_views import can_share_view
from imsconsole.core.actions import Action, offered
from imsconsole.core.cells import Shapes, fragment
from imsconsole.core.csv import Columns, csv_response, dated_name
from imsconsole.core.filters import EachField, ListFilter
from imsconsole.core.htmx import render_page, wants_fragment
from imsconsole.core.query_string import is_same_state, state_of
from imsconsole.core.rules import Verdict
from imsconsole.core.tables import ImsTable, paged

VIEWS_SHOWN = 12


def _nothing(_request: ActorRequest, _table: ImsTable) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class ListView:
    """A list and its CSV: which rows (a request's), in which table, found by which filter, in which columns of a file.

    `counted` is how many there are (`%(n)s`), `head` what may be done without any of them. A page of its own extends
    `components/list.html`, and `more` says what that needs besides.
    """

    name: ListName
    rows: Callable[[ActorRequest], QuerySet[Any]]
    filter: type[ListFilter]
    table: type[ImsTable]
    columns: Columns
    counted: Promise
    head: Sequence[Action] = ()
    template: str = "components/list.html"
    more: Callable[[ActorRequest, Any], Mapping[str, Any]] = _nothing
    export: str = "export"

    def page(self, request: ActorRequest) -> HttpResponse:
        """Filter, order, columns and page are in the URL."""
        return default_view(request, self.name) or self.answer(request, self.context(request))

    def context(self, request: ActorRequest) -> dict[str, Any]:
        found = self.found(request)
        columns = chosen_columns(request, self.name, self.table)
        table = paged(self.table, found.qs, request, columns, found.count if found.is_narrowing else None)
        return {
            "active": self.name,
            "filter": found,
            "table": table,
            "list": list_page(request, self.name, found, table),
            "count_text": self.counted % {"n": table.total},
            "export_url": f"{reverse(f'{self.name}:{self.export}')}?{state_of(request.GET, 'per_page', 'columns').urlencode()}",
            "head": offered(self.head, None, request.actor),
            "is_fragment": wants_fragment(request),
            **self.more(request, table),
        }

    def answer(self, request: ActorRequest, context: dict[str, Any]) -> HttpResponse:
        return render_page(request, self.template, "components/_list.html", context)

    def found(self, request: ActorRequest) -> ListFilter:
        return self.filter(request.GET, queryset=self.rows(request), actor=request.actor)

    def csv(self, request: ActorRequest) -> HttpResponseBase:
        """What the list shows, all pages, in its order."""
        rows = self.table.in_order(self.found(request).qs, request.GET)
        rows = self.table.reading(rows, self.table.choosable, request.actor)
        return csv_response(self.columns, rows, dated_name(request.actor.project, self.name))


@dataclass(frozen=True)
class ListPage:
    """The frame of a list (`components/_list_tools.html`, `_filters.html`, `_views.html`).

    `state` is the query string of what is shown, `kept` the fields that the filter form carries along,
    `clear_query` the query without any filter.
    """

    room: str
    url: str
    state: str
    clear_query: str
    state_without_columns: str
    kept: list[tuple[str, str]]
    views: Sequence[SavedView]
    has_more_views: bool
    current: SavedView | None
    can_share: Verdict
    table: ImsTable

    @property
    def clear_url(self) -> str:
        return f"{self.url}?{self.clear_query}"

    @property
    def menus(self) -> SafeString:
        """To save what is shown as a view, and to choose the columns."""
        columns = ((name, str(heading), shown) for name, heading, shown in self.table.column_choices())
        return MENUS.fill(
            {
                "state": self.state,
                "bare_state": self.state_without_columns,
                "csrf_token": self.table.csrf_token,
            },
            room=self.room,
            columns=tuple(columns),
            refusal="" if self.can_share else self.can_share.reason,
            prefix=get_script_prefix(),
        )


MENUS = Shapes(partial(fragment, "components/_list_menus.html"), "state", "bare_state", "csrf_token")


def list_page(request: ActorRequest, room: str, found: ListFilter, table: ImsTable) -> ListPage:
    """The frame of the list that the request shows."""
    state = state_of(request.GET)
    views = list(SavedView.objects.visible_to(request.actor).filter(room=room)[: VIEWS_SHOWN + 1])
    fields = found.form.fields
    return ListPage(
        room=room,
        url=reverse(f"{room}:list"),
        state=state.urlencode(),
        clear_query=state_of(request.GET, *fields).urlencode() or "q=",
        state_without_columns=state_of(request.GET, "columns").urlencode(),
        kept=[
            (name, value)
            for name, values in state.lists()
            for value in values
            if name not in fields or isinstance(fields[name], EachField)
        ],
        views=views[:VIEWS_SHOWN],
        has_more_views=len(views) > VIEWS_SHOWN,
        current=next((view for view in views if is_same_state(view.query, state.urlencode())), None),
        can_share=can_share_view(request.actor),
        table=table,
    )


def chosen_columns(request: ActorRequest, room: str, table_class: type[ImsTable]) -> list[str]:
    """The choosable columns to show: those of the URL, else those the user chose, else the usual ones."""
    of_url = request.GET.get("columns", "")
    names = of_url.split(",") if of_url else request.user.list_columns.get(room)
    if names is None:
        return table_class.shown_at_first()
    return [name for name in names if name in table_class.choosable]


def default_view(request: ActorRequest, room: str) -> HttpResponse | None:
    """To the view the list opens with, when its bare address is asked for."""
    if request.GET or request.method != "GET":
        return None
    views = SavedView.objects.visible_to(request.actor).filter(room=room, default_for=request.user)
    view = views.exclude(query="").first()
    return HttpResponseRedirect(view.get_absolute_url()) if view else None
