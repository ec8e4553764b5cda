"""The list of servers and the page of one."""

import hashlib
import uuid
from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from imsconsole.accounts.access import ActorRequest, signed_in
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.forms import ServerFilter
from imsconsole.cloud.hosts import Host, host_of
from imsconsole.cloud.models import Server
from imsconsole.cloud.reconcile import reconcile_server
from imsconsole.cloud.rules import (
    BUSY,
    can_delete,
    can_open_screen,
    can_reboot,
    can_rename,
    can_start,
    can_stop,
)
from imsconsole.cloud.tables import ServerTable
from imsconsole.cloud.views.screen import log_of, picture_of
from imsconsole.core.errors import ImsError
from imsconsole.core.htmx import render_page
from imsconsole.core.sentences import sentence_of
from imsconsole.core.tables import paged
from imsconsole.jobs.models import Job


def find_server(request: ActorRequest, server_id: uuid.UUID) -> Server:
    """The actor's server, or 404."""
    servers = Server.objects.visible_to(request.actor).existing()
    related = ("flavor", "image__os_version", "zone", "key_pair", "project__region", "project__account")
    return get_object_or_404(servers.select_related(*related), pk=server_id)


def verdicts_on(server: Server, actor: Actor, host: Host) -> dict[str, Any]:
    """Which buttons a server has, each with its verdict."""
    return {
        "start": can_start(server, actor, host),
        "stop": can_stop(server, actor),
        "reboot": can_reboot(server, actor),
        "rename": can_rename(server, actor),
        "delete": can_delete(server, actor),
        "screen": can_open_screen(server, actor),
    }


@signed_in
def list_servers(request: ActorRequest) -> HttpResponse:
    """Servers of the project; filter, order and page are in the URL."""
    actor, form = request.actor, ServerFilter(request.GET)
    servers = form.applied_to(Server.objects.visible_to(actor).existing())
    table = paged(ServerTable, servers.select_related("flavor", "image", "zone"), request)
    rows, host = [row.record for row in table.page.object_list], host_of(actor.region)
    for server in rows:
        server.verdicts = verdicts_on(server, actor, host)
    if (seen := _seen(rows)) == request.headers.get("X-Seen"):
        return HttpResponse(status=204)
    context = {
        "active": "servers",
        "seen_state": seen,
        "table": table,
        "form": form,
        "is_filtered": any(request.GET.get(name) for name in form.fields),
        "is_busy": any(server.status in BUSY for server in rows),
        "can_create": may_write(actor),
    }
    return render_page(request, "servers/list.html", "servers/_list.html", context)


@signed_in
def show_server(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    """Everything about one server. Its state is looked up at its process first."""
    server, problem = find_server(request, server_id), ""
    try:
        server = reconcile_server(server)
    except ImsError as error:
        problem = sentence_of(error)
    if (seen := _seen([server])) == request.headers.get("X-Seen"):
        return HttpResponse(status=204)
    verdicts = verdicts_on(server, request.actor, host_of(request.actor.region))
    context = {
        "active": "servers",
        "seen_state": seen,
        "server": server,
        "problem": problem,
        "verdicts": verdicts,
        "is_busy": server.status in BUSY,
        "disks": server.disks.existing().order_by("index"),
        "jobs": Job.objects.visible_to(request.actor).about(server.pk)[:10],
        "ssh_line": f"ssh -p {server.ssh_port} root@127.0.0.1",
        **picture_of(server),
        **log_of(server),
    }
    return render_page(request, "servers/detail.html", "servers/_detail.html", context)


def _seen(servers: Iterable[Server]) -> str:
    """A digest of what may change by itself: a page that polls with it in X-Seen gets 204 until it does."""
    states = [f"{server.pk} {server.status} {server.status_since}" for server in servers]
    return hashlib.sha256("\n".join(states).encode()).hexdigest()[:16]
