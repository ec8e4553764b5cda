"""Change the tags of an image."""

import uuid
from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from images.forms.modify import TagForm
from images.models import Image
from images.rules.tag import can_tag
from images.services.tag import tag_image
from images.views.edits import edit_page
from imsconsole.accounts.access import ActorRequest, signed_in
from imsconsole.core.edits import Difference
from imsconsole.core.errors import Conflict


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def tag(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    """The form, and its answer; after a conflict the form once more, with both values (409)."""
    image = get_object_or_404(Image.objects.visible_to(request.actor), pk=image_id)
    form = TagForm(request.POST if request.method == "POST" else None, image=image)
    if request.method != "POST":
        return _page(request, image, form)
    can_tag(image, request.actor).require()
    if not form.is_valid():
        return _page(request, image, form)
    wanted, seen = form.cleaned_data["tags"], form.seen.get("tags")
    if wanted == seen:
        messages.info(request, _("Nothing was changed."))
        return redirect(f"{image.get_absolute_url()}#tags")
    try:
        tag_image(image, tags=wanted, seen=seen, actor=request.actor)
    except Conflict as conflict:
        form, differences = form.after_conflict({"tags": image.tag_values}, image=image)
        return _page(request, image, form, differences, conflict)
    messages.success(request, _("The tags of %(name)s have been changed.") % {"name": image.name})
    return redirect(f"{image.get_absolute_url()}#tags")


def _page(
    request: ActorRequest,
    image: Image,
    form: TagForm,
    differences: Sequence[Difference] = (),
    conflict: Conflict | None = None,
) -> HttpResponse:
    verdict = can_tag(image, request.actor)
    return edit_page(request, "images/tag.html", image, form, verdict, differences, conflict)
