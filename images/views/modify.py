"""Change the attributes of an image."""

import uuid
from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from images.forms.modify import ModifyForm, values_of
from images.models import Image
from images.rules.modify import can_modify
from images.services.modify import modify_image
from imsconsole.accounts.access import ActorRequest, signed_in
from imsconsole.audit.models import Event
from imsconsole.core.edits import Difference
from imsconsole.core.errors import Conflict


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def modify(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    """The form, and its answer; after a conflict the form once more, with both values (409)."""
    image = _find(request, image_id)
    form = ModifyForm(request.POST if request.method == "POST" else None, image=image, actor=request.actor)
    if request.method != "POST":
        return _page(request, image, form)
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
    images = Image.objects.visible_to(request.actor).with_facts(request.actor)
    found: Image = get_object_or_404(images.select_related("os_version"), pk=image_id)
    return found


def _page(
    request: ActorRequest,
    image: Image,
    form: ModifyForm,
    differences: Sequence[Difference] = (),
    conflict: Conflict | None = None,
) -> HttpResponse:
    context = {
        "active": "images",
        "image": image,
        "form": form,
        "verdict": can_modify(image, request.actor),
        "differences": differences,
        "last_change": last_change(image, request) if conflict else None,
    }
    status = 409 if conflict else 422 if form.errors else 200
    response = render(request, "images/modify.html", context, status=status)
    response.ims_error = conflict  # type: ignore[attr-defined]  # for the trail
    return response


def last_change(image: Image, request: ActorRequest) -> Event | None:
    """Who changed it last, and when."""
    done = Event.objects.visible_to(request.actor).filter(
        resource_type="image", resource_id=str(image.pk), result=Event.Result.NORMAL
    )
    return done.filter(action__in=["updateImage", "updateTag"]).first()
