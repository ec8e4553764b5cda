"""One act for several things, each by itself: one that is refused keeps no other back."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.contrib import messages
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import ngettext

from imsconsole.core.errors import ImsError
from imsconsole.core.sentences import sentence_of

NAMED = 5  # of a kind in one message
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Line(Generic[T, R]):
    """What came of one thing: the `result` of the act, or the `error` that kept it back."""

    thing: T
    result: R | None = None
    error: ImsError | None = None

    @property
    def reason(self) -> str:
        """Why it was not done, in a sentence; empty when it was."""
        return sentence_of(self.error) if self.error else ""


@dataclass(frozen=True)
class Outcome(Generic[T, R]):
    """What came of several things, in their order."""

    lines: list[Line[T, R]]

    @property
    def done(self) -> list[Line[T, R]]:
        return [line for line in self.lines if line.error is None]

    @property
    def refused(self) -> list[Line[T, R]]:
        return [line for line in self.lines if line.error]


def attempt(thing: T, act: Callable[[T], R]) -> Line[T, R]:
    """Try one. `act` is a service, or calls one: its transaction, and its second try, are its own."""
    try:
        return Line(thing, act(thing))
    except ImsError as error:
        return Line(thing, error=error)


def do_each(things: Iterable[T], act: Callable[[T], R]) -> Outcome[T, R]:
    """Try one after the other."""
    return Outcome([attempt(thing, act) for thing in things])


def tell_each(
    request: HttpRequest,
    outcome: Outcome[T, Any],
    *,
    done: str | Promise,
    kept: str | Promise = "%(name)s: %(reason)s",
    name: Callable[[T], str] = str,
) -> None:
    """Say how many and which were done (`done` has `n` and `names`), and why the first others were not."""
    if ready := outcome.done:
        names = ", ".join(name(line.thing) for line in ready[:NAMED]) + ("…" if len(ready) > NAMED else "")
        messages.success(request, done % {"n": len(ready), "names": names})
    for line in outcome.refused[:NAMED]:
        messages.warning(request, kept % {"name": name(line.thing), "reason": line.reason})
    if (more := len(outcome.refused) - NAMED) > 0:
        text = ngettext(
            "%(n)s more stayed as it is, for such a reason.",
            "%(n)s more stayed as they are, for such reasons.",
            more,
        )
        messages.warning(request, text % {"n": more})
