"""To be written."""

from django.http import HttpRequest, HttpResponse


def export_images(request: HttpRequest) -> HttpResponse:
    return HttpResponse()
