"""Verify an image: a button, and a job."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from images.models import Image
from images.verify.services import verify_image
from imsconsole.accounts.access import ActorRequest, post_view


@post_view
def verify(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    image = get_object_or_404(Image.objects.visible_to(request.actor), pk=image_id)
    verify_image(image, actor=request.actor)
    messages.success(request, _("The stored bytes of %(name)s are being verified.") % {"name": image.name})
    return redirect(image)
