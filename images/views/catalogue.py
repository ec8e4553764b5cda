"""The list: a page of a tab, filtered and sorted by the URL."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from images.filters import TABS, ImageFilter, for_tab
from images.tables import image_table
from imsconsole.accounts.access import ActorRequest, signed_in
from imsconsole.accounts.rules import may_write
from imsconsole.core.htmx import render_page, wants_fragment


def chosen_tab(request: ActorRequest) -> str:
    """The tab of the URL; the first when it names none."""
    tab = request.GET.get("tab", "")
    return tab if tab in TABS else next(iter(TABS))


@signed_in
def list_images(request: ActorRequest) -> HttpResponse:
    tab = chosen_tab(request)
    found = ImageFilter(request.GET, queryset=for_tab(tab, request.actor))
    context = {
        "active": "images",
        "tab": tab,
        "tabs": _tabs(),
        "filter": found,
        "table": image_table(found.qs, request, request.actor),
        "kept": [(name, request.GET[name]) for name in ("sort", "per_page") if name in request.GET],
        "export_query": _export_query(request, tab),
        "can_create": may_write(request.actor),
        "is_fragment": wants_fragment(request),
    }
    return render_page(request, "images/list.html", "images/_list.html", context)


def _export_query(request: ActorRequest, tab: str) -> str:
    """The same query without its page, for the CSV."""
    query = request.GET.copy()
    query["tab"] = tab
    for name in ("page", "per_page"):
        query.pop(name, None)
    return query.urlencode()


def _tabs() -> list[dict[str, Any]]:
    address = reverse("images:list")
    return [
        {"key": key, "title": title, "url": f"{address}?tab={key}", "count": None}
        for key, title in TABS.items()
    ]
