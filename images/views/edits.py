"""What the pages that change an image have in common."""

from collections.abc import Sequence

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import render

from images.models import Image
from imsconsole.accounts.access import ActorRequest
from imsconsole.audit.models import Event
from imsconsole.core.edits import Difference
from imsconsole.core.errors import Conflict
from imsconsole.core.rules import Verdict

EDITS = ("updateImage", "updateTag")  # in the trail


def edit_page(
    request: ActorRequest,
    template: str,
    image: Image,
    form: Form,
    verdict: Verdict,
    differences: Sequence[Difference] = (),
    conflict: Conflict | None = None,
) -> HttpResponse:
    """The form; with what is wrong (422), or with what somebody else changed meanwhile (409)."""
    done = Event.objects.visible_to(request.actor).about("image", image.pk).done(*EDITS)
    context = {
        "active": "images",
        "image": image,
        "form": form,
        "verdict": verdict,
        "differences": differences,
        "last_change": done.first() if conflict else None,
    }
    status = 409 if conflict else 422 if form.errors else 200
    response = render(request, template, context, status=status)
    response.ims_error = conflict  # type: ignore[attr-defined]  # for the trail
    return response
