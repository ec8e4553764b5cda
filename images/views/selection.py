"""The bar that says what may be done with the chosen images."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from images.rules.delete import can_delete
from images.selection import chosen_images, found_by
from images.views.delete import MOST_AT_ONCE
from imsconsole.accounts.access import ActorRequest, signed_in
from imsconsole.core.selection import part, picked_ids


@signed_in
@require_POST  # IDs do not fit into an address; nothing is changed
def show_selection(request: ActorRequest) -> HttpResponse:
    actor, matching = request.actor, request.POST.get("matching", "")
    images = chosen_images(request.POST, actor)
    ids = [] if matching else list(images.order_by().values_list("pk", flat=True))
    context = {
        "total": images.count() if matching else len(ids),
        "parted": part(images[:MOST_AT_ONCE], lambda image: can_delete(image, actor)),
        "most": MOST_AT_ONCE,
        "is_matching": bool(matching),
        "all_count": found_by(request.POST.get("state", ""), actor).count(),
        "gone": [] if matching else set(picked_ids(request.POST)) - set(ids),
    }
    return render(request, "images/_selection.html", context)
