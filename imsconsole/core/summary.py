"""What a form would make as it is filled in now: in view beside it, or in a bar below (`components/summary.html`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise

from imsconsole.core.rules import ALLOWED, Verdict


@dataclass(frozen=True)
class Costs:
    """What the market is asked the price of: servers of an image on a flavor, and disks; without servers disks alone.

    Or, beside what they cost now, of `server` with another flavor; of the servers of `changed` with another image and
    system disks of these sizes (GB).
    """

    disk_gb: int = 0
    servers: int = 0
    image: Any = None
    flavor: Any = None
    server: Any = None
    changed: Mapping[Any, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Summary:
    """`facts` say what is made, each a label and a value; `costs` is None where nothing is charged.

    `quota` is what it takes (resource → amount) of `project`, else of the actor's own. `verdict` is why the service
    would refuse it. A summary that `follows` its form is drawn again whenever something is filled in: the form is a
    `PickingForm`.
    """

    facts: Sequence[tuple[str | Promise, Any]] = ()
    quota: Mapping[str, int] = field(default_factory=dict)
    verdict: Verdict = ALLOWED
    costs: Costs | None = None
    project: Any = None
    follows: bool = True


def wants_summary(request: HttpRequest) -> bool:
    """Whether htmx asks for the summary of a page, and for nothing else."""
    return getattr(getattr(request, "htmx", None), "target", None) == "summary"


def summary_of(request: HttpRequest, context: Mapping[str, Any]) -> HttpResponse | None:
    """The answer to that. `context` is what the page is drawn with."""
    return render(request, "components/summary.html", dict(context)) if wants_summary(request) else None
