"""The bar that says what may be done with the chosen images."""

from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_POST

from images.copy.rules import can_begin_copy
from images.delete.rules import can_delete, can_purge, can_restore_each
from images.export.rules import can_export
from images.models import Image
from images.product.ancestry import load_ancestors
from images.selection.bulk import MOST_AT_ONCE, parted_by
from images.selection.chosen import chosen_images, found_by
from images.selection.filters import tab_of
from imsconsole.accounts.access import ActorRequest, signed_in
from imsconsole.accounts.actor import Actor
from imsconsole.core.selection import part, picked_ids


@signed_in
@require_POST  # IDs do not fit into an address; nothing is changed
def show_selection(request: ActorRequest) -> HttpResponse:
    actor, matching = request.actor, request.POST.get("matching", "")
    images = chosen_images(request.POST, actor)
    ids = [] if matching else list(images.order_by().values_list("pk", flat=True))
    tab = tab_of(QueryDict(matching or request.POST.get("state", "")))
    template, parts = _parts(
        tab,
        list(images.select_related("os_version", "key", "backup").prefetch_related("disks")[:MOST_AT_ONCE]),
        actor,
    )
    context = {
        **parts,
        "total": images.count() if matching else len(ids),
        "most": MOST_AT_ONCE,
        "tab": tab,
        "is_matching": bool(matching),
        "all_count": found_by(request.POST.get("state", ""), actor).count(),
        "gone": [] if matching else set(picked_ids(request.POST)) - set(ids),
    }
    return render(request, template, context)


def _parts(tab: str, images: list[Image], actor: Actor) -> tuple[str, dict[str, Any]]:
    """The template of the bar, and what the rules say of the images."""
    if tab != "trash":
        copyable = part(images, lambda image: can_begin_copy(image, actor))
        parted = part(images, lambda image: can_delete(image, actor))
        load_ancestors(images)
        exportable = part(images, lambda image: can_export(image, actor))
        return "images/_selection.html", {"parted": parted, "copyable": copyable, "exportable": exportable}
    purgeable = sum(bool(can_purge(image, actor)) for image in images)
    parted = parted_by(images, can_restore_each(images, actor))
    return "images/_trash_selection.html", {"parted": parted, "purgeable": purgeable}
