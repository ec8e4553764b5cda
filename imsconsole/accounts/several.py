"""One verb for several things that were chosen in a list: a page that names them and what keeps some back, then the deed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.functional import Promise

from imsconsole.accounts.access import ActorRequest
from imsconsole.accounts.actor import Actor
from imsconsole.core.each import do_each, tell_each
from imsconsole.core.rules import Verdict
from imsconsole.core.selection import partition_by

MOST_AT_ONCE = 500


@dataclass(frozen=True)
class Several:
    """The verb in its sentences; `ask` says of each thing whether it can be done, by its `facts`, `do` does it to one.

    `heading`, `button` and `done` have the number `n`, `done` also `names`; `kept` has `name` and `reason`.
    """

    title: Promise
    heading: Promise
    heading_none: Promise
    text: Promise
    button: Promise
    done: Promise
    kept: Promise
    nothing: Promise
    ask: Callable[[Sequence[Any], Actor], Sequence[Verdict]]
    do: Callable[..., Any]
    template: str
    facts: tuple[str, ...] = ()
    style: str = "danger"


def act_on_several(
    request: ActorRequest,
    several: Several,
    found: Sequence[Any],
    *,
    back: str,
    options: Any = None,
    about: Callable[[Sequence[Any]], dict[str, Any]] = lambda allowed: {},
    **context: Any,
) -> HttpResponse:
    """With `confirm` the deed, else the question; then to the list at `back`. `options` go to the service.
    `about` adds to the question what it says about those that can be done.

    `found` are the chosen things, one more than MOST_AT_ONCE when there are more. What is confirmed are those that were
    named, never whatever a filter finds by then.
    """
    things = found[:MOST_AT_ONCE]
    if request.method == "POST" and not things:
        messages.warning(request, str(several.nothing))
    if not things:
        return HttpResponseRedirect(back)
    if "confirm" in request.POST:
        outcome = do_each(things, lambda thing: several.do(thing, actor=request.actor, **(options or {})))
        tell_each(request, outcome, done=several.done, kept=several.kept)
        return HttpResponseRedirect(back)
    partition = partition_by(things, several.ask(things, request.actor))
    numbers = {"n": len(partition.allowed)}
    return render(
        request,
        several.template,
        {
            "several": several,
            "heading": several.heading % numbers if partition.allowed else several.heading_none,
            "button": several.button % numbers,
            "partition": partition,
            "pick": ",".join(str(thing.pk) for thing in partition.allowed),
            "back_url": back,
            "has_more": len(found) > len(things),
            "most": MOST_AT_ONCE,
            **context,
            **about(partition.allowed),
        },
    )
