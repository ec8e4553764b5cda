"""The list: a page of a tab, filtered and sorted by the URL."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse

from images.delete.tables import TrashTable, trash_table
from images.fields.rules import can_import
from images.selection.filters import TABS, ImageFilter, for_tab, tab_of
from images.tables import WORKING_HEADER, ImageTable, image_table
from imsconsole.accounts.access import ActorRequest, signed_in
from imsconsole.accounts.lists import chosen_columns, default_view, list_page
from imsconsole.accounts.models import Room
from imsconsole.accounts.rules import may_write
from imsconsole.core.htmx import render_page, wants_fragment
from imsconsole.core.queries import state_of


@signed_in
def list_images(request: ActorRequest) -> HttpResponse:
    if opened := default_view(request, Room.IMAGES):
        return opened
    tab = tab_of(request.GET)
    found = ImageFilter(request.GET, queryset=for_tab(tab, request.actor))
    kind, table_of = (TrashTable, trash_table) if tab == "trash" else (ImageTable, image_table)
    columns = chosen_columns(request, Room.IMAGES, kind)
    context = {
        "active": "images",
        "tab": tab,
        "tabs": _tabs(),
        "filter": found,
        "table": table_of(found.qs, request, request.actor, columns),
        "list": list_page(request, Room.IMAGES, found),
        "export_query": _export_query(request, tab),
        "can_create": can_import(request.actor),
        "can_empty": may_write(request.actor),
        "trash_days": settings.IMS_TRASH_DAYS,
        # rows that ask for their state get nothing else, so that what is open or being typed stays
        "is_fragment": wants_fragment(request) and WORKING_HEADER not in request.headers,
    }
    return render_page(request, "images/list.html", "images/_list.html", context)


def _export_query(request: ActorRequest, tab: str) -> str:
    """The same query, for the CSV."""
    query = state_of(request.GET, "per_page", "columns")
    query["tab"] = tab
    return query.urlencode()


def _tabs() -> list[dict[str, Any]]:
    address = reverse("images:list")
    return [
        {"key": key, "title": title, "url": f"{address}?tab={key}", "count": None}
        for key, title in TABS.items()
    ]
