"""Deleting: a page that says what it meets, then the deed."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from images.models import Image
from images.rules.delete import can_delete
from images.services.delete import delete_image
from images.used_by import uses_of
from imsconsole.accounts.access import ActorRequest, signed_in


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
