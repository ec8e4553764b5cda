"""The trail of a project, for its members."""

from django.http import HttpResponse, HttpResponseBase

from imsconsole.accounts.access import ActorRequest, page_view
from imsconsole.audit.filters import EventFilter
from imsconsole.audit.models import Event
from imsconsole.audit.tables import COLUMNS, EventTable, csv_rows
from imsconsole.core.csv import csv_stream, dated_name
from imsconsole.core.htmx import render_page, wants_fragment
from imsconsole.core.pages import pages_found
from imsconsole.core.tables import paged


@page_view
def list_events(request: ActorRequest) -> HttpResponse:
    found = EventFilter(request, queryset=Event.objects.visible_to(request.actor))
    table = paged(EventTable, found.qs, request)
    events = [row.record for row in table.page.object_list]
    pages = pages_found(((event.resource_type, event.resource_id) for event in events), request.actor)
    for event in events:
        event.link = pages.get((event.resource_type, event.resource_id), "")
    context = {
        "active": "audit",
        "filter": found,
        "is_narrowed": any(request.GET.get(name) for name in found.filters),
        "table": table,
        "query": request.GET.urlencode(),
        "kept": [(name, request.GET[name]) for name in ("sort", "per_page") if name in request.GET],
        "is_fragment": wants_fragment(request),
    }
    return render_page(request, "audit/list.html", "audit/_list.html", context)


@page_view
def export_events(request: ActorRequest) -> HttpResponseBase:
    """What the list shows, all pages, the latest first."""
    found = EventFilter(request, queryset=Event.objects.visible_to(request.actor))
    name = dated_name(request.actor.project, "audit")
    return csv_stream([title for title, _cell in COLUMNS], csv_rows(found.qs), name)
