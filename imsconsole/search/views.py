"""The page of the search, and what is found while one types."""

from django.http import HttpResponse

from imsconsole.accounts.access import ActorRequest, page_view
from imsconsole.core.htmx import render_page
from imsconsole.search.found import LONGEST, found_elsewhere, found_here


@page_view
def find(request: ActorRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:LONGEST].strip()
    context = {
        "active": "search",
        "text": text,
        "here": found_here(text, request.actor) if text else [],
        "elsewhere": found_elsewhere(text, request.actor) if text else [],
    }
    return render_page(request, "search/search.html", "search/_found.html", context)
