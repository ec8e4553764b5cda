"""The query string of a list: its whole state, so that every state is a link."""

from typing import TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import QueryDict

Row = TypeVar("Row", bound=Model)
LONGEST = 2000
PLACE = ("page", "after", "before")  # which page of a list
PASSING = (*PLACE, "csrfmiddlewaretoken", "pick", "matching")  # not part of what a list shows


def state_of(query: QueryDict, *without: str) -> QueryDict:
    """A copy of what is set in a query, each value once: without blanks, the page and the names given."""
    state = QueryDict(mutable=True)
    for name, values in query.lists():
        set_values = [value for value in dict.fromkeys(values) if str(value).strip()]
        if set_values and name not in (*PASSING, *without):
            state.setlist(name, set_values)
    return state


def number_in(text: object) -> int:
    """The number that a text is; 0 when it is none, or a larger one than anything here is counted to."""
    digits = str(text or "").strip()
    return int(digits) if digits.isdecimal() and len(digits) < 7 else 0


def id_of(text: object) -> UUID | None:
    """The ID that a text is, however it is written; None when it is none."""
    try:
        return UUID(str(text).strip())
    except ValueError:
        return None


def row_of(rows: "QuerySet[Row]", text: object) -> Row | None:
    """The row of that ID, if it is among these."""
    pk = id_of(text)
    return rows.filter(pk=pk).first() if pk else None


def is_same_state(one: str, other: str) -> bool:
    """Whether two query strings show the same list, whatever the order of their names."""
    first, second = (dict(state_of(QueryDict(text)).lists()) for text in (one, other))
    return first == second
