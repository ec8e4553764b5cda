"""The use of a server: its page, and the part of it that asks for itself again."""

import uuid

from django.http import HttpResponse

from imsconsole.accounts.access import ActorRequest, page_view
from imsconsole.cloud.hosts import host_of
from imsconsole.cloud.servers.lookup import find_server
from imsconsole.cloud.use.plots import use_of
from imsconsole.core.htmx import render_page


@page_view
def show_use(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    """Plots of the last hour and day, and their numbers. htmx gets the plots when they are others than it has `seen`."""
    server = find_server(request, server_id)
    use = use_of(server, host_of(server.project.region_id).capabilities.measures, _spans(request))
    if use.seen == request.GET.get("seen"):
        return HttpResponse(status=204)
    context = {"active": "servers", "server": server, "use": use}
    return render_page(request, "cloud/use/use.html", "cloud/use/_plots.html", context)


def _spans(request: ActorRequest) -> tuple[str, ...]:
    return ("hour",) if request.GET.get("span") == "hour" else ("hour", "day")
