"""What a room offers to the search."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import Promise

from imsconsole.accounts.actor import Actor
from imsconsole.core.filters import ListFilter
from imsconsole.core.project_urls import address_of


@dataclass(frozen=True)
class Kind:
    """A kind of things, found as its list finds them: `rows` of an actor, through that list's filter.

    `place` is where they stand among others. `fields` of the filter are asked one after the other. `list_name` is the address of the list, `query` what names its part
    (a tab). `page` is the address of a thing's page, by its `key`; empty where it has none: then the list shows it. `name` is
    what it is called, `told` what stands beside that. `is_own`: what a project has to itself, so that the reader's other projects
    are searched for it as well.
    """

    place: int
    title: Promise | str
    icon: str
    rows: Callable[[Actor], QuerySet[Any]]
    filter: type[ListFilter]
    list_name: str
    page: str = ""
    query: str = ""
    fields: tuple[str, ...] = ("q",)
    key: str = "pk"
    name: str = "name"
    order: tuple[str, ...] = ("-created_at", "-pk")
    told: Callable[[Any], object] = lambda row: row.get_status_display()
    is_own: bool = True

    def found(self, field: str, text: str, actor: Actor) -> QuerySet[Any]:
        """What the list finds by that field.

        Words in an order, where `order` names an index; else, as all that has a tag, in that in which it is found: what is
        asked for first and sorted would be looked for among all rows.
        """
        asked = self._asked(field, text)
        rows: QuerySet[Any] = self.filter(asked, queryset=self.rows(actor), actor=actor).qs
        return rows.order_by(*(self.order if field == "q" else ()))

    def page_of(self, key: object) -> str:
        return address_of(self.page, key) if self.page else self.list_of("q", str(key))

    def list_of(self, field: str, text: str) -> str:
        """The address of the list that shows all of them."""
        return f"{reverse(self.list_name)}?{self._asked(field, text).urlencode()}"

    def _asked(self, field: str, text: str) -> QueryDict:
        asked = QueryDict(self.query, mutable=True)
        asked[field] = text
        return asked
