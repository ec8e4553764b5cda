"""How the tags of a thing are changed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import transaction
from django.db.models import QuerySet

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import explain, service
from imsconsole.cloud.tags.rules import tags_fit
from imsconsole.core.contention import retried
from imsconsole.core.edits import told
from imsconsole.core.errors import Conflict
from imsconsole.core.locks import locked
from imsconsole.core.rules import Verdict

T = TypeVar("T", bound=Any)


def _nothing(_thing: Any) -> None:
    """Of most things nothing else changes."""


@dataclass(frozen=True)
class Tagging(Generic[T]):
    """How those of a kind are: in which rows a thing is found and locked, who may, and what else is `noted` on it."""

    rows: Callable[[Actor], QuerySet[Any]]
    rule: Callable[[T, Actor], Verdict]
    noted: Callable[[T], None] = _nothing

    @service("addTag")
    def add(self, thing: T, *, tags: Mapping[str, str], actor: Actor) -> T:
        """Give a thing these tags as well; a key that it has gets the new value. Raises Refused."""
        thing = self._locked(thing, actor)
        tags_fit({**thing.tag_values, **tags}).require()
        former = _take(thing, tags)
        for key, value in tags.items():
            thing.tags.create(key=key, value=value)
        self.noted(thing)
        return explain(thing, f"{told(former)} → {told(tags)}" if former else told(tags))

    @service("deleteTag")
    def delete(self, thing: T, *, keys: Iterable[str], actor: Actor) -> T:
        """Take the tags of these keys from a thing. Raises Refused."""
        thing = self._locked(thing, actor)
        self.noted(thing)
        return explain(thing, told(_take(thing, keys)))

    @retried
    def change(
        self, thing: T, *, tags: Mapping[str, str], seen: Mapping[str, str] | None = None, actor: Actor
    ) -> None:
        """Give a thing these tags and no others: what goes and what comes, both or neither.

        `seen` are those that the editor had before their eyes. Raises Refused, and Conflict when someone
        else changed them meanwhile.
        """
        with transaction.atomic():
            thing = self._locked(thing, actor)
            present = thing.tag_values
            if seen is not None and present not in (seen, tags):
                raise Conflict
            if gone := present.keys() - tags.keys():
                self.delete(thing, keys=gone, actor=actor)
            if new := {key: value for key, value in tags.items() if present.get(key) != value}:
                self.add(thing, tags=new, actor=actor)

    def _locked(self, thing: T, actor: Actor) -> T:
        row: T = locked(self.rows(actor), thing.pk)
        self.rule(row, actor).require()
        return row


def _take(thing: Any, keys: Iterable[str]) -> dict[str, str]:
    """Delete the tags of these keys; they are what is returned."""
    tags = thing.tags.filter(key__in=list(keys))
    taken = dict(tags.values_list("key", "value"))
    tags.delete()
    return taken
