"""Deleting one or several: a page that says what it meets, then the deed."""

import uuid
from collections.abc import Iterable

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from images.models import Image
from images.rules.delete import can_delete
from images.selection import chosen_images
from images.services.delete import delete_image
from images.used_by import uses_of
from imsconsole.accounts.access import ActorRequest, signed_in
from imsconsole.accounts.actor import Actor
from imsconsole.core.rules import Refused, Verdict
from imsconsole.core.selection import part

MOST_AT_ONCE = 500
NAMED = 5


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def confirm_delete(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    images = Image.objects.visible_to(request.actor).with_facts(request.actor)
    image = get_object_or_404(images, pk=image_id)
    if request.method == "POST":
        delete_image(image, actor=request.actor)
        messages.success(request, _("The image %(name)s has been deleted.") % {"name": image.name})
        return redirect(f"{reverse('images:list')}?tab=private")
    context = {
        "active": "images",
        "image": image,
        "uses": [use for use in uses_of(image, request.actor) if use.total],
        "can_delete": can_delete(image, request.actor),
    }
    return render(request, "images/delete.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def delete_several(request: ActorRequest) -> HttpResponse:
    """Names the chosen images and what keeps some of them back; with `confirm` deletes them.

    What is confirmed are the images that were named, never whatever a filter finds by then.
    """
    actor, state = request.actor, request.POST.get("state", "") or "tab=private"
    back = HttpResponseRedirect(f"{reverse('images:list')}?{state}")
    images = list(chosen_images(request.POST, actor)[:MOST_AT_ONCE])
    if request.method == "POST" and not images:
        messages.warning(request, _("No image is selected. Tick the images you want to delete first."))
    if not images:
        return back
    if "confirm" in request.POST:
        _tell(request, *_delete_each(images, actor))
        return back
    parted = part(images, lambda image: can_delete(image, actor))
    context = {
        "active": "images",
        "parted": parted,
        "pick": ",".join(str(image.pk) for image in parted.allowed),
        "state": state,
        "has_more": chosen_images(request.POST, actor).count() > len(images),
        "most": MOST_AT_ONCE,
    }
    return render(request, "images/delete_several.html", context)


def _delete_each(images: Iterable[Image], actor: Actor) -> tuple[list[Image], list[tuple[Image, Verdict]]]:
    """Each on its own, so that one that is refused by now does not keep the others back."""
    deleted, refused = [], []
    for image in images:
        try:
            deleted.append(delete_image(image, actor=actor))
        except Refused as error:
            refused.append((image, error.verdict))
    return deleted, refused


def _tell(request: ActorRequest, deleted: list[Image], refused: list[tuple[Image, Verdict]]) -> None:
    if deleted:
        text = ngettext(
            "%(n)s image has been deleted: %(names)s.",
            "%(n)s images have been deleted: %(names)s.",
            len(deleted),
        )
        names = ", ".join(image.name for image in deleted[:NAMED]) + ("…" if len(deleted) > NAMED else "")
        messages.success(request, text % {"n": len(deleted), "names": names})
    for image, verdict in refused[:NAMED]:
        values = {"name": image.name, "reason": verdict.reason}
        messages.warning(request, _("%(name)s was not deleted: %(reason)s") % values)
