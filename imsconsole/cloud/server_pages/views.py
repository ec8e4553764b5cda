"""The list of servers, the page of one, and the buttons on both: name, start with the host, deletion."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from imsconsole.accounts.access import ActorRequest, form_view, page_view, post_view
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.lists import ListView
from imsconsole.accounts.models import ListName
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.disks.actions import DISK_ACTIONS
from imsconsole.cloud.disks.rules import WORKING
from imsconsole.cloud.hosts import Host, host_of
from imsconsole.cloud.models import BackupSchedule, Disk, Server
from imsconsole.cloud.screens.picture import shown_by
from imsconsole.cloud.server_pages.actions import SERVER_ACTIONS, SERVER_LIST_ACTIONS
from imsconsole.cloud.server_pages.filters import ServerFilter
from imsconsole.cloud.server_pages.forms import DeleteServerForm, RenameServerForm
from imsconsole.cloud.server_pages.tables import COLUMNS, SEEN, ServerTable, servers_of, state_seen
from imsconsole.cloud.servers.boot_check import AWAITED, SILENT
from imsconsole.cloud.servers.lookup import chosen_servers, find_server
from imsconsole.cloud.servers.rules import (
    BUSY,
    can_delete,
    can_rename,
)
from imsconsole.cloud.servers.services import (
    TAGS,
    delete_server,
    rename_server,
    set_auto_start,
)
from imsconsole.cloud.tags.views import edit_tags
from imsconsole.cloud.use.plots import use_of
from imsconsole.core.actions import Bar, Offers, chosen_for, offered
from imsconsole.core.htmx import render_page, wants_fragment
from imsconsole.core.selection import MOST_PICKED, chosen_elsewhere, picked_ids
from imsconsole.jobs.actions import JOB_ACTIONS
from imsconsole.jobs.models import Job


def _more(request: ActorRequest, _table: ServerTable) -> dict[str, Any]:
    actor = request.actor
    keep = f"servers {actor.project.pk}"
    return {
        "bar": Bar(SERVER_ACTIONS, reverse("servers:selection"), keep=keep, verdict=may_write(actor)),
        # a list that asks for its state gets its rows only, so that what is open or being typed stays
        "is_fragment": wants_fragment(request) and SEEN not in request.headers,
    }


LIST = ListView(
    ListName.SERVERS,
    lambda request: servers_of(request.actor),
    ServerFilter,
    ServerTable,
    COLUMNS,
    ngettext_lazy("%(n)s server", "%(n)s servers", "n"),
    SERVER_LIST_ACTIONS,
    "cloud/server_pages/list.html",
    _more,
)
export_servers = page_view(LIST.csv)


@page_view
def list_servers(request: ActorRequest) -> HttpResponse:
    """Asked for its state, the list is sent only when it is another."""
    if SEEN not in request.headers:
        return LIST.page(request)
    context = LIST.context(request)
    if context["table"].seen_state == request.headers[SEEN]:
        return HttpResponse(status=204)
    return LIST.answer(request, context)


@page_view
def show_server(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    """Everything about one server, as it was found last: it is looked at while its page is open."""
    server = find_server(request, server_id)
    host = host_of(request.actor.region)
    kept = kept_disks(server, request.actor, host)
    disks = list(server.disks.attached().order_by("index"))
    if (seen := state_seen([server], [*disks, *kept])) == request.headers.get(SEEN):
        return HttpResponse(status=204)
    jobs = Job.objects.visible_to(request.actor).touching(server.pk)[:10]
    context = {
        "active": "servers",
        "seen_state": seen,
        "server": server,
        "damaged_at": next((disk.damaged_at for disk in disks if disk.damaged_at), None),
        "offers": offered(
            SERVER_ACTIONS, server, request.actor, host=host, disks=disks, taken=len(disks) - 1
        ),
        "is_busy": _is_busy(server, disks),
        "disks": disks,
        "kept_disks": kept,
        "is_silent": server.status_code == SILENT and bool(kept),
        "retry": _retry_of(server, jobs, request.actor),
        "change": _change_of(server, jobs),
        "jobs": jobs,
        "schedules": BackupSchedule.objects.filter(members__server=server),
        "ssh_line": ssh_line(server),
        "use": use_of(server, host.capabilities.measures, ("hour",)),
        **shown_by(server),
    }
    return render_page(request, "cloud/server_pages/detail.html", "cloud/server_pages/_detail.html", context)


EXCHANGE_FAILED = (
    Server.Status.CHANGE_FAILED,
    Server.Status.REINSTALL_FAILED,
    Server.Status.NO_MACHINE,
)


def ssh_line(server: Server) -> str:
    """How its owner signs in from the service's host; empty where the image or user data say how."""
    is_ours = server.image.cloud_init and not server.is_temporary and (server.ssh_key or server.password_hash)
    return f"ssh -p {server.ssh_port} root@{server.ssh_host}" if is_ours else ""


def _is_busy(server: Server, disks: Iterable[Disk]) -> bool:
    """Something changes by itself soon."""
    return (
        server.status in BUSY
        or bool(server.task)
        or server.status_code == AWAITED
        or any(disk.status in WORKING for disk in disks)
    )


def kept_disks(server: Server, actor: Actor, host: Host) -> list[Disk]:
    """The former system disks of a server, each with what may be done with it."""
    disks: list[Any] = list(server.disks.kept().select_related("image", "key"))
    for disk in disks:
        disk.server = server
        disk.offers = offered(DISK_ACTIONS, disk, actor, host=host)
    return disks


def _retry_of(server: Server, jobs: Iterable[Job], actor: Actor) -> Offers | None:
    """What may be done with the job that failed to exchange the OS; None when none did."""
    if server.status not in EXCHANGE_FAILED:
        return None
    failed = next((job for job in jobs if job.state == Job.State.FAILED), None)
    return offered(JOB_ACTIONS, failed, actor) if failed else None


def _change_of(server: Server, jobs: Iterable[Job]) -> Job | None:
    """The job that exchanges the OS now, restores it, or makes something of the server."""
    exchanging = server.status in (
        Server.Status.CHANGING_OS,
        Server.Status.REINSTALLING,
        Server.Status.RESTORING,
        Server.Status.RESIZING,
    )
    return next((job for job in jobs if job.is_live), None) if exchanging or server.task else None


@form_view
def rename(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    """The form, and its answer."""
    server = find_server(request, server_id)
    form = RenameServerForm(request.POST if request.method == "POST" else None, initial={"name": server.name})
    if request.method == "POST" and form.is_valid():
        server = rename_server(server, name=form.cleaned_data["name"], actor=request.actor)
        messages.success(request, _("The server is called “%(name)s” now.") % {"name": server.name})
        return redirect(server)
    verdict = can_rename(server, request.actor)
    context = {"active": "servers", "server": server, "form": form, "verdict": verdict}
    return render(request, "cloud/server_pages/rename.html", context, status=422 if form.errors else 200)


@form_view
def tag(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    return edit_tags(request, find_server(request, server_id), TAGS, "servers")


@post_view
def auto_start(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    """Switch it on or off."""
    wanted = request.POST.get("auto_start") == "on"
    server = set_auto_start(find_server(request, server_id), auto_start=wanted, actor=request.actor)
    messages.success(
        request,
        _("The server starts with its host now.")
        if wanted
        else _("The server no longer starts with its host."),
    )
    return redirect(server)


@form_view
def confirm_delete(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    """The question, and its answer."""
    server = find_server(request, server_id)
    form = DeleteServerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        delete_server(server, delete_disks=form.cleaned_data["delete_disks"], actor=request.actor)
        messages.success(request, _("“%(name)s” is being deleted.") % {"name": server.name})
        return redirect("servers:list")
    context = {
        "active": "servers",
        "server": server,
        "form": form,
        "data_disks": server.disks.existing().filter(role=Disk.Role.DATA),
        "verdict": can_delete(server, request.actor),
    }
    return render(request, "cloud/server_pages/delete.html", context)


@post_view  # IDs do not fit into an address; nothing is changed
def show_selection(request: ActorRequest) -> HttpResponse:
    picked, chosen = picked_ids(request.POST), chosen_servers(request.POST, request.actor)
    servers = list(chosen)
    context = {
        "choices": chosen_for(SERVER_ACTIONS, servers, request.actor),
        "total": len(servers),
        "most": MOST_PICKED,
        "gone": set(picked) - {server.pk for server in servers},
        "elsewhere": chosen_elsewhere(request.POST, chosen),
    }
    return render(request, "components/_selection.html", context)
