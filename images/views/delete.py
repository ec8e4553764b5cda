"""To be written."""

import uuid

from django.http import HttpRequest, HttpResponse


def confirm_delete(request: HttpRequest, image_id: uuid.UUID) -> HttpResponse:
    return HttpResponse()
