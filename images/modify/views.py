"""Change the attributes of an image, or its tags."""

import uuid
from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from images.models import Image
from images.modify.forms import ModifyForm, values_of
from images.modify.rules import can_modify
from images.modify.services import TAGS, modify_image
from imsconsole.accounts.access import ActorRequest, form_view
from imsconsole.accounts.kept_forms import typed
from imsconsole.audit.models import Event
from imsconsole.cloud.tags.views import edit_tags
from imsconsole.core.edits import Difference
from imsconsole.core.errors import Conflict


def _page(
    request: ActorRequest,
    image: Image,
    form: ModifyForm,
    differences: Sequence[Difference] = (),
    conflict: Conflict | None = None,
) -> HttpResponse:
    """The form; with what is wrong (422), or with what somebody else changed meanwhile (409)."""
    done = Event.objects.visible_to(request.actor).about("image", image.pk).done("updateImage")
    context = {
        "active": "images",
        "image": image,
        "form": form,
        "verdict": can_modify(image, request.actor),
        "differences": differences,
        "last_change": done.first() if conflict else None,
    }
    status = 409 if conflict else 422 if form.errors else 200
    response = render(request, "images/modify/modify.html", context, status=status)
    response.ims_error = conflict  # type: ignore[attr-defined]  # for the trail
    return response


@form_view
def modify(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    """The form, and its answer; after a conflict the form once more, with both values (409)."""
    image = _find(request, image_id)
    form = ModifyForm(typed(request), image=image, actor=request.actor)
    if request.method == "POST" and not form.is_refreshed:
        can_modify(image, request.actor).require()
    if not form.is_valid():
        return _page(request, image, form)
    if form.cleaned_data == form.seen:
        messages.info(request, _("Nothing was changed."))
        return redirect(image)
    try:
        image = modify_image(image, wanted=form.cleaned_data, seen=form.seen, actor=request.actor)
    except Conflict as conflict:
        image = _find(request, image_id)
        form, differences = form.after_conflict(values_of(image), image=image, actor=request.actor)
        return _page(request, image, form, differences, conflict)
    messages.success(request, _("The image %(name)s has been modified.") % {"name": image.name})
    return redirect(image)


def _find(request: ActorRequest, image_id: uuid.UUID) -> Image:
    images = Image.objects.visible_to(request.actor).with_facts(request.actor, "servers_count")
    found: Image = get_object_or_404(images.select_related("os_version"), pk=image_id)
    return found


@form_view
def tag(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    image = get_object_or_404(Image.objects.visible_to(request.actor), pk=image_id)
    return edit_tags(request, image, TAGS, "images")
