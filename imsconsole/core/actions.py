"""Actions as data: each verb of a noun once, for rows, pages, the bar of a selection and the tests.

A room keeps them as tuples of `Action` in its `actions.py`; `components/_actions.html` draws them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise

from imsconsole.core.project_urls import address_of
from imsconsole.core.rules import ALLOWED, Verdict
from imsconsole.core.selection import Partition, partition_by

ROW, PAGE, MORE = "row", "page", "more"  # a row, the head of a page, and the menu there
EMPTY = "empty"  # in the place of a list without rows: the primary ones of its head


def always(_thing: Any, _actor: Any) -> Verdict:
    """The rule of a way that is open to whoever sees the thing."""
    return ALLOWED


@dataclass(frozen=True)
class Many:
    """The same verb for all that is chosen in a list: the name of its address, and what is asked, else `rule` of each."""

    url: str
    ask: Callable[[Sequence[Any], Any], Iterable[Verdict]] | None = None
    facts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Action:
    """A verb as people meet it.

    `url` is the name of its address, or makes it of the thing. The thing's key is its argument, or in hex its
    parameter `query`; what is done to no thing, at the head of a list, has neither.

    `rule(thing, actor)` reads these `facts`. Of what the page knows already it takes what `spares` names as well, and
    the address what `carries` names, as parameters. `method` is get or post, which `sends` these fields. `asks`: the
    address is only a question (`.confirm`), which a dialog can show. `style` is primary, danger or empty; the primary
    ones of a row stand before its menu.
    `where` it stands: `ROW`, `PAGE`, `MORE`, or a place of the page that the room names. `key` presses it in a list,
    on the row one is at; only what changes nothing by itself has one.
    """

    label: str | Promise
    url: str | Callable[[Any], str]
    rule: Callable[..., Verdict]
    icon: str = ""
    query: str = ""
    facts: tuple[str, ...] = ()
    spares: tuple[str, ...] = ()
    carries: tuple[str, ...] = ()
    is_shown: Callable[[Any], bool] = lambda _thing: True
    method: str = "get"
    sends: Mapping[str, str] = field(default_factory=dict)
    asks: bool = False
    style: str = ""
    where: tuple[str, ...] = (ROW, PAGE)
    key: str = ""
    many: Many | None = None

    @property
    def leads_by_key(self) -> bool:
        """Whether nothing but the thing's key decides where it leads."""
        return not (callable(self.url) or self.carries)

    def address(self, thing: Any, known: Mapping[str, Any] | None = None) -> str:
        """Where it leads. `known`: what the page has found out, by name."""
        carried = {name: value for name, value in (known or {}).items() if name in self.carries and value}
        return self._address(thing) + (f"?{urlencode(carried)}" if carried else "")

    def _address(self, thing: Any) -> str:
        if callable(self.url):
            return self.url(thing)
        if thing is None:
            return reverse(self.url)
        if self.query:
            return f"{reverse(self.url)}?{self.query}={thing.pk.hex}"
        return address_of(self.url, thing.pk)

    def ask(self, thing: Any, actor: Any, known: Mapping[str, Any] | None = None) -> Verdict:
        """What the rule says. `known`: what the page has found out, by name."""
        spared = {name: value for name, value in (known or {}).items() if name in self.spares}
        return self.rule(actor, **spared) if thing is None else self.rule(thing, actor, **spared)

    def offer(self, url: str, verdict: Verdict) -> "Offer":
        """Its button, leading there."""
        look = (self.method, self.style, self.icon, self.asks, self.sends, self.key)
        return Offer(self.label, url, verdict, *look)


@dataclass(frozen=True)
class Offer:
    """A verb with the answer of its rule: a button."""

    label: str | Promise
    url: str
    verdict: Verdict = ALLOWED
    method: str = "get"
    style: str = ""
    icon: str = ""
    asks: bool = False
    sends: Mapping[str, str] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True)
class Offers:
    """What may be done with a thing. Only the rules of the place that is drawn are asked."""

    actions: Sequence[Action]
    thing: Any
    actor: Any
    known: Mapping[str, Any]

    def at(self, place: str) -> list[Offer]:
        if place == EMPTY:
            return [each for each in self.at(PAGE) if each.style == "primary"]
        here = (each for each in self.actions if place in each.where)
        return [self._offer(each) for each in here if each.is_shown(self.thing)]

    def _offer(self, action: Action) -> Offer:
        url, verdict = action.address(self.thing, self.known), action.ask(self.thing, self.actor, self.known)
        return action.offer(url, verdict)

    def __str__(self) -> str:
        return str(self.thing or "")


def offered(actions: Sequence[Action], thing: Any, actor: Any, **known: Any) -> Offers:
    """What the actor may do with the thing. `known`: what the page has found out, for rules that it spares to ask."""
    return Offers(actions, thing, actor, known)


def facts_at(actions: Iterable[Action], *places: str) -> tuple[str, ...]:
    """The facts that the rules at these places read, each once."""
    found = (fact for each in actions if not {*places}.isdisjoint(each.where) for fact in each.facts)
    return tuple(dict.fromkeys(found))


def shared_refusal(offers: Sequence[Offer]) -> Verdict:
    """The one that keeps back at least three and more than half of them, else ALLOWED: it is said once."""
    refused = {str(each.verdict.reason): each.verdict for each in offers if not each.verdict}
    counted = Counter(str(each.verdict.reason) for each in offers if not each.verdict)
    for reason, times in counted.most_common(1):
        if times >= 3 and 2 * times > len(offers):
            return refused[reason]
    return ALLOWED


@dataclass(frozen=True)
class Bar:
    """The bar of a selection (`components/_picked.html`).

    `url` tells what may be done with what is chosen, `keep` names that in the browser, `args` are those of the verbs'
    addresses. `verdict`: whether the actor may change anything here. `csv_url` makes a file of the chosen rows.
    """

    actions: Sequence[Action]
    url: str
    keep: str
    args: tuple[Any, ...] = ()
    verdict: Verdict = ALLOWED
    csv_url: str = ""

    def offers(self) -> list[Offer]:
        """The buttons that stand there without scripts, when nothing tells what is chosen."""
        return [
            Offer(each.label, url, self.verdict, icon=each.icon)
            for each, url in bulk_of(self.actions, *self.args)
        ]


@dataclass(frozen=True)
class Bulk:
    """A verb of the bar, and with which of the chosen things it may be done."""

    label: str | Promise
    url: str
    icon: str
    partition: Partition[Any]


def bulk_of(actions: Iterable[Action], *args: Any) -> Iterator[tuple[Action, str]]:
    """The verbs that can be done to many, each with its address."""
    for each in actions:
        if each.many:
            yield each, reverse(each.many.url, args=args)


def bulk_facts(actions: Iterable[Action]) -> tuple[str, ...]:
    """The facts that the rules of the bar read."""
    found = (each.many.facts or each.facts for each in actions if each.many)
    return tuple(dict.fromkeys(fact for facts in found for fact in facts))


def chosen_for(actions: Iterable[Action], things: Sequence[Any], actor: Any, *args: Any) -> list[Bulk]:
    """Ask the rules of the bar about each thing."""
    return [
        Bulk(each.label, url, each.icon, partition_by(things, _ask_many(each, things, actor)))
        for each, url in bulk_of(actions, *args)
    ]


def _ask_many(action: Action, things: Sequence[Any], actor: Any) -> Iterable[Verdict]:
    if action.many and action.many.ask:
        return action.many.ask(things, actor)
    return [action.ask(thing, actor) for thing in things]
