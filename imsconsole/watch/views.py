"""The numbers."""

from itertools import chain

from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST

from imsconsole.accounts.access import page_view
from imsconsole.watch.access import require_watcher
from imsconsole.watch.exposition import of_console, of_host, text_of


@page_view.for_anyone
def metrics(request: HttpRequest) -> HttpResponse:
    """All there is; of several hosts, one is asked for this."""
    require_watcher(request)
    return HttpResponse(text_of(chain(of_console(), of_host())), content_type=CONTENT_TYPE_LATEST)


@page_view.for_anyone
def metrics_here(request: HttpRequest) -> HttpResponse:
    """Of this host alone: for the others of several."""
    require_watcher(request)
    return HttpResponse(text_of(of_host()), content_type=CONTENT_TYPE_LATEST)
