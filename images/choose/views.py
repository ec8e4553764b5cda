"""Which image should I take? Questions, all answered in the URL, and the images that fit."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from images.choose.forms import ChooseForm, Need
from images.choose.found import CONSIDERED, SHOWN, candidates, count_of, elsewhere
from images.fields.rules import can_import
from images.selection.tabs import KINDS
from imsconsole.accounts.access import ActorRequest, page_view
from imsconsole.cloud.hosts import host_of
from imsconsole.cloud.models import Flavor
from imsconsole.core.htmx import render_page

NEEDS = (  # each need, and what meets it (R23)
    (Need.CLEAN, _("A public image: provided and kept up by the platform.")),
    (Need.SAME, _("A private image of this project.")),
    (Need.OTHERS, _("A shared image: its owner offers it to your project.")),
    (Need.SOFTWARE, _("A market image: preinstalled, free or at its publisher's price.")),
)

NOTHING = {  # what is said where no image of the kind is there, whatever else was asked
    Need.CLEAN: _("Nothing offered yet: this region has no public image to create a server from."),
    Need.SAME: _("Nothing here yet: this project has no image to create a server from."),
    Need.OTHERS: _(
        "Nothing accepted yet: this project has no image of another project to create a server from."
    ),
    Need.SOFTWARE: _("Nothing offered yet: the market has no image in this region to create a server from."),
}


@page_view
def choose(request: ActorRequest) -> HttpResponse:
    """The guide. It changes nothing; what it ends at is the wizard of creating servers."""
    actor, form = request.actor, ChooseForm(request.GET, actor=request.actor)
    answers, narrowing = form.answers(), form.narrowing()
    flavors = list(Flavor.objects.filter(hidden=False))
    found = candidates(answers, actor, host_of(actor.region).capabilities, flavors)
    context: dict[str, Any] = {
        "active": "servers",
        "form": form,
        "needs": NEEDS,
        "answers": answers,
        "kind": KINDS[answers["need"]],
        "nothing": NOTHING[answers["need"]],
        "narrowing": narrowing,
        "every": count_of(answers["need"], actor) if narrowing else None,
        "found": found[:SHOWN],
        "considered": len(found),
        "is_cut": len(found) == CONSIDERED,
        "fitting": sum(bool(candidate.verdict) for candidate in found),
        "more": max(0, len(found) - SHOWN),
        "elsewhere": elsewhere(answers, actor),
        "can_import": can_import(actor),
    }
    return render_page(request, "images/choose/choose.html", "images/choose/_found.html", context)
