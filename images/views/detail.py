"""To be written."""

import uuid

from django.http import HttpRequest, HttpResponse


def show_image(request: HttpRequest, image_id: uuid.UUID) -> HttpResponse:
    return HttpResponse()
