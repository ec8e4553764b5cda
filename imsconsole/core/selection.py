"""Rows that were chosen over the pages of a list, and what may be done with them.

A list's boxes are named `pick` and belong to the form `picked`; `imsconsole/static/js/select.js` remembers them over the
pages and sends them as one field. `matching` is a whole query instead: everything the filters find.
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import QueryDict

from imsconsole.core.query_string import id_of
from imsconsole.core.rules import Verdict

MOST_PICKED = 5000
MOST_NAMED = 50
T = TypeVar("T")


def picked_ids(data: QueryDict) -> list[uuid.UUID]:
    """The IDs of the fields `pick`, each one or several with commas, each once; what is no ID is left out."""
    texts = (text for value in data.getlist("pick") for text in value.split(","))
    found: dict[uuid.UUID, None] = {}
    for text in texts:
        if pk := id_of(text):
            found[pk] = None
        if len(found) == MOST_PICKED:
            break
    return list(found)


@dataclass(frozen=True)
class Elsewhere:
    """Chosen rows that are not on the page: how many, and the first of them."""

    count: int
    named: list[Model]

    @property
    def unnamed(self) -> int:
        return self.count - len(self.named)


def chosen_elsewhere(data: QueryDict, chosen: "QuerySet[Any]") -> Elsewhere | None:
    """What is chosen and not on the page one looks at, whose rows are `here`: on other pages, or filtered out."""
    here = data.get("here")
    if here is None:
        return None
    rest = chosen.exclude(pk__in=[pk for text in here.split(",") if (pk := id_of(text))])
    count = rest.count()
    return Elsewhere(count, list(rest[:MOST_NAMED])) if count else None


@dataclass(frozen=True)
class Partition(Generic[T]):
    """Chosen things, split by a rule."""

    allowed: list[T]
    refused: list[tuple[T, Verdict]]

    @property
    def total(self) -> int:
        return len(self.allowed) + len(self.refused)

    def reasons(self, shown: int = 3) -> list[tuple[str, list[T], int]]:
        """Each reason with the things it keeps back: at most `shown` of them, and how many more there are."""
        by_reason: dict[str, list[T]] = {}
        for thing, verdict in self.refused:
            by_reason.setdefault(str(verdict.reason), []).append(thing)
        return [(reason, things[:shown], max(0, len(things) - shown)) for reason, things in by_reason.items()]


def partition_by(things: Iterable[T], verdicts: Iterable[Verdict]) -> Partition[T]:
    """The things, split by what was said of each."""
    pairs = list(zip(things, verdicts, strict=True))
    return Partition(
        [thing for thing, verdict in pairs if verdict],
        [(thing, verdict) for thing, verdict in pairs if not verdict],
    )


def split_by(things: Iterable[T], rule: Callable[[T], Verdict]) -> Partition[T]:
    """Ask the rule about each thing."""
    things = list(things)
    return partition_by(things, map(rule, things))
