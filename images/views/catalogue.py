"""To be written."""

from django.http import HttpRequest, HttpResponse


def list_images(request: HttpRequest) -> HttpResponse:
    return HttpResponse()
