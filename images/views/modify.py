"""Change the attributes of an image."""

import uuid
from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from images.forms.modify import ModifyForm, values_of
from images.models import Image
from images.rules.modify import can_modify
from images.services.modify import modify_image
from images.views.edits import edit_page
from imsconsole.accounts.access import ActorRequest, signed_in
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
    verdict = can_modify(image, request.actor)
    return edit_page(request, "images/modify.html", image, form, verdict, differences, conflict)
