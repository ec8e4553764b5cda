"""Addresses that only tests have: views that fail in every way, and a table."""

import django_tables2 as tables
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_POST

from imsconsole.accounts.models import Region
from imsconsole.core.csv import csv_file
from imsconsole.core.errors import Conflict, Unavailable
from imsconsole.core.htmx import render_page
from imsconsole.core.rules import refuse
from imsconsole.core.tables import ImsTable, PickColumn, paged
from imsconsole.urls import handler400, handler403, handler404, handler429, handler500  # noqa: F401
from imsconsole.urls import urlpatterns as real


class RegionTable(ImsTable):
    caption = "Regions"
    pick = PickColumn()
    name = tables.Column()

    class Meta:
        model = Region
        fields = ("code", "name")
        attrs = {"id": "regions", "class": "table"}
        empty_text = "No region."


def region_list(request: HttpRequest) -> HttpResponse:
    context = {"table": paged(RegionTable, Region.objects.all(), request)}
    return render_page(request, "components/table.html", "components/table.html", context)


def failing(error: Exception):
    def view(request: HttpRequest) -> HttpResponse:
        raise error

    return view


@require_POST
def post_only(request: HttpRequest) -> HttpResponse:
    refuse("image-protected", "The image is protected.").require()
    return HttpResponse("done")


urlpatterns = [
    path("t/regions/", region_list),
    path("t/post/", post_only),
    path("t/400/", failing(SuspiciousOperation("odd"))),
    path("t/403/", failing(PermissionDenied())),
    path("t/409/", failing(Conflict())),
    path("t/413/", failing(RequestDataTooBig("large"))),
    path("t/503/", failing(Unavailable())),
    path("t/stream/", lambda request: csv_file(["Name"], [["cn-north-1"]], "regions.csv")),
    path("t/500/", failing(ValueError("broken"))),
    *real,
]
