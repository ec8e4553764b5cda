"""What every list has besides its rows: saved views, chosen columns, its state as a link."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from imsconsole.accounts.access import ActorRequest
from imsconsole.accounts.models import SavedView
from imsconsole.accounts.rules_views import can_share_view
from imsconsole.core.filters import EachField, ListFilter
from imsconsole.core.queries import is_same_state, state_of
from imsconsole.core.rules import Verdict
from imsconsole.core.tables import ImsTable

VIEWS_SHOWN = 12


@dataclass(frozen=True)
class ListPage:
    """The frame of a list (`components/_list_head.html` and its parts).

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

    @property
    def clear_url(self) -> str:
        return f"{self.url}?{self.clear_query}"


def list_page(request: ActorRequest, room: str, found: ListFilter) -> ListPage:
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
