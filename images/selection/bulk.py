"""One verb for several chosen images: a page that names them and what keeps some of them back, then the deed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise

from images.models import Image
from images.selection.chosen import chosen_images
from imsconsole.accounts.access import ActorRequest
from imsconsole.accounts.actor import Actor
from imsconsole.core.each import do_each, tell_each
from imsconsole.core.rules import Verdict
from imsconsole.core.selection import partition_by

MOST_AT_ONCE = 500


@dataclass(frozen=True)
class Several:
    """The verb in its sentences; `ask` says of each image, with `facts`, whether it can be done, `do` does it to one.

    `heading`, `button` and `done` have the number `n`, `done` also `names`; `kept` has `name` and `reason`.
    """

    url: str
    title: Promise
    heading: Promise
    heading_none: Promise
    text: Promise
    button: Promise
    done: Promise
    kept: Promise
    nothing: Promise
    ask: Callable[[Sequence[Image], Actor], list[Verdict]]
    do: Callable[..., Image]
    facts: tuple[str, ...] = ()
    style: str = "danger"
    template: str = "images/selection/several.html"


def act_on_several(request: ActorRequest, several: Several, **options: Any) -> HttpResponse:
    """With `confirm` the deed, else the question. `options` go to the service.

    What is confirmed are the images that were named, never whatever a filter finds by then.
    """
    actor, asked = request.actor, request.POST or request.GET
    state = asked.get("state", "") or asked.get("matching", "") or "tab=private"
    back = HttpResponseRedirect(f"{reverse('images:list')}?{state}")
    chosen = chosen_images(asked, actor)
    found = list(chosen.with_facts(actor, "servers_count", *several.facts)[: MOST_AT_ONCE + 1])
    images = found[:MOST_AT_ONCE]
    if request.method == "POST" and not images:
        messages.warning(request, str(several.nothing))
    if not images:
        return back
    if "confirm" in request.POST:
        outcome = do_each(images, lambda image: several.do(image, actor=actor, **options))
        tell_each(request, outcome, done=several.done, kept=several.kept)
        return back
    partition = partition_by(images, several.ask(images, actor))
    numbers = {"n": len(partition.allowed)}
    context = {
        "active": "images",
        "several": several,
        "heading": several.heading % numbers if partition.allowed else several.heading_none,
        "button": several.button % numbers,
        "partition": partition,
        "pick": ",".join(str(image.pk) for image in partition.allowed),
        "state": state,
        "back_url": back.url,
        "has_more": len(found) > len(images),
        "has_full": any(image.type == Image.Type.FULL for image in partition.allowed),
        "most": MOST_AT_ONCE,
        "trash_days": settings.IMS_TRASH_DAYS,
    }
    return render(request, several.template, context)
