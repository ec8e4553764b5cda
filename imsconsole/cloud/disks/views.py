"""The list of disks and its CSV, the page of one, attaching from either side, and what is done with one that exists."""

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from imsconsole.accounts.access import ActorRequest, form_view, page_view, post_view
from imsconsole.accounts.lists import ListView
from imsconsole.accounts.models import ListName
from imsconsole.audit.models import Event
from imsconsole.cloud.disks.actions import DISK_ACTIONS, DISK_LIST_ACTIONS
from imsconsole.cloud.disks.filters import DiskFilter, disks_of
from imsconsole.cloud.disks.forms import AttachForm, GrowForm, RenameDiskForm, TakeForm
from imsconsole.cloud.disks.rules import (
    WORKING,
    can_attach_disk,
    can_attach_to,
    can_delete_disk,
    can_grow_disk,
    can_rename_disk,
    can_take_disk,
)
from imsconsole.cloud.disks.services import (
    TAGS,
    attach_disk,
    delete_disk,
    detach_disk,
    grow_disk,
    rename_disk,
)
from imsconsole.cloud.disks.tables import COLUMNS, DiskTable
from imsconsole.cloud.models import Disk, Server
from imsconsole.cloud.servers.lookup import find_server
from imsconsole.cloud.servers.specs import disk_spec
from imsconsole.cloud.tags.views import edit_tags
from imsconsole.core.actions import offered
from imsconsole.core.htmx import render_page, wants_fragment
from imsconsole.core.pickers import picks_of
from imsconsole.core.rules import Verdict
from imsconsole.core.summary import Costs, Summary, summary_of
from imsconsole.jobs.about import SHOWN, latest_jobs
from imsconsole.jobs.models import Job, JobQuerySet

LIST = ListView(
    ListName.DISKS,
    lambda request: disks_of(request.actor),
    DiskFilter,
    DiskTable,
    COLUMNS,
    ngettext_lazy("%(n)s disk", "%(n)s disks", "n"),
    DISK_LIST_ACTIONS,
)
IN_PLACE = Q(disks__role=Disk.Role.DATA, disks__deleted_at=None, disks__beside=False)


def find_disk(request: ActorRequest, disk_id: uuid.UUID) -> Disk:
    """The actor's disk with all that rules ask about it, or 404."""
    related = ("server__flavor", "server__zone", "server__project", "zone", "image", "key", "project")
    disks = Disk.objects.visible_to(request.actor).existing().select_related(*related)
    return get_object_or_404(disks, pk=disk_id)


list_disks = page_view(LIST.page)
export_disks = page_view(LIST.csv)


@page_view
def show_disk(request: ActorRequest, disk_id: uuid.UUID) -> HttpResponse:
    """Everything about one disk: facts, what may be done, its jobs and its trail."""
    disk = find_disk(request, disk_id)
    context = {
        "active": "disks",
        "disk": disk,
        "is_busy": disk.status in WORKING,
        "serial": disk_spec(disk).serial if disk.ref else "",
        "offers": offered(DISK_ACTIONS, disk, request.actor),
        "events": Event.objects.visible_to(request.actor).about("disk", disk.pk)[:SHOWN],
        "is_fragment": wants_fragment(request),
        **latest_jobs(_jobs_about(disk, request), request.actor),
    }
    return render_page(request, "cloud/disks/detail.html", "cloud/disks/_detail.html", context)


def _jobs_about(disk: Disk, request: ActorRequest) -> JobQuerySet:
    """Its own, and those of its servers that moved it or made it larger."""
    jobs = Job.objects.visible_to(request.actor)
    return jobs.touching(disk.pk) | jobs.filter(args__disk_id=str(disk.pk))


@form_view
def rename(request: ActorRequest, disk_id: uuid.UUID) -> HttpResponse:
    disk = find_disk(request, disk_id)
    form = RenameDiskForm(request.POST if request.method == "POST" else None, initial={"name": disk.name})
    if request.method == "POST" and form.is_valid():
        disk = rename_disk(disk, name=form.cleaned_data["name"], actor=request.actor)
        messages.success(request, _("The disk is called “%(name)s” now.") % {"name": disk.name})
        return redirect(disk)
    context = {
        "active": "disks",
        "disk": disk,
        "form": form,
        "verdict": can_rename_disk(disk, request.actor),
    }
    return render(request, "cloud/disks/rename.html", context, status=422 if form.errors else 200)


@form_view
def tag(request: ActorRequest, disk_id: uuid.UUID) -> HttpResponse:
    return edit_tags(request, find_disk(request, disk_id), TAGS, "disks")


@form_view
def delete(request: ActorRequest, disk_id: uuid.UUID) -> HttpResponse:
    """The question, and its answer: nothing brings it back."""
    disk = find_disk(request, disk_id)
    if request.method == "POST":
        delete_disk(disk, actor=request.actor)
        messages.success(request, _("The disk “%(name)s” is being deleted.") % {"name": disk.name})
        return redirect("disks:list")
    context = {"active": "disks", "disk": disk, "verdict": can_delete_disk(disk, request.actor)}
    return render(request, "cloud/disks/delete.html", context)


@form_view
def grow(request: ActorRequest, disk_id: uuid.UUID) -> HttpResponse:
    disk = find_disk(request, disk_id)
    form = GrowForm(_typed(request), disk=disk, actor=request.actor)
    if request.method == "POST" and form.is_valid():
        disk = grow_disk(disk, size_gb=form.cleaned_data["size_gb"], actor=request.actor)
        messages.success(request, _("The disk “%(name)s” is being expanded.") % {"name": disk.name})
        return redirect(disk)
    context = {
        "active": "disks",
        "disk": disk,
        "form": form,
        "verdict": can_grow_disk(disk, request.actor),
        "summary": form.summary(),
    }
    return summary_of(request, context) or render(
        request, "cloud/disks/grow.html", context, status=422 if form.errors else 200
    )


@post_view
def detach(request: ActorRequest, disk_id: uuid.UUID) -> HttpResponse:
    """One click: it can be attached again."""
    disk = find_disk(request, disk_id)
    server = disk.server
    disk = detach_disk(disk, actor=request.actor)
    messages.success(
        request,
        _("The disk “%(disk)s” is being detached from “%(server)s”.") % {"disk": disk.name, "server": server},
    )
    return redirect(disk)


@form_view
def attach(request: ActorRequest, disk_id: uuid.UUID) -> HttpResponse:
    """Choose the server of a disk; those that cannot take it say why."""
    disk, actor = find_disk(request, disk_id), request.actor
    servers: QuerySet[Any] = Server.objects.visible_to(actor).existing().order_by("name")
    servers = servers.select_related("zone").annotate(taken=Count("disks", filter=IN_PLACE))

    def fits(server: Any) -> Verdict:
        return can_attach_to(disk, server, actor, server.taken)

    verdict = can_attach_disk(disk, actor)
    form = AttachForm(_typed(request), servers=servers if verdict else servers.none(), rule=fits)
    if request.method == "POST" and not form.is_refreshed:
        verdict.require()
    if form.is_valid():
        disk = attach_disk(disk, server=form.cleaned_data["server"], actor=actor)
        return _attached(request, disk)
    if picks := picks_of(request, form):
        return picks
    costs = Summary([(_("Disk"), disk.name)], costs=Costs(disk.size_gb), follows=False)
    context = {"active": "disks", "disk": disk, "form": form, "verdict": verdict, "summary": costs}
    return render(request, "cloud/disks/attach.html", context, status=422 if form.errors else 200)


@form_view
def attach_to_server(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    """Choose a disk for a server: the data disks that no server has."""
    server, actor = find_server(request, server_id), request.actor
    disks = disks_of(actor).filter(role=Disk.Role.DATA, server=None).order_by("name")
    verdict = can_take_disk(server, actor)
    disks = disks if verdict else disks.none()
    form = TakeForm(_typed(request), disks=disks, rule=lambda disk: can_attach_to(disk, server, actor, 0))
    if request.method == "POST" and not form.is_refreshed:
        verdict.require()
    if form.is_valid():
        disk = attach_disk(form.cleaned_data["disk"], server=server, actor=actor)
        return _attached(request, disk, server)
    if picks := picks_of(request, form):
        return picks
    context = {
        "active": "servers",
        "server": server,
        "form": form,
        "verdict": verdict,
        "has_disks": disks.exists(),
    }
    return render(request, "cloud/disks/attach_to_server.html", context, status=422 if form.errors else 200)


def _typed(request: ActorRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _attached(request: ActorRequest, disk: Disk, back_to: Server | None = None) -> HttpResponse:
    messages.success(
        request,
        _("The disk “%(disk)s” is being attached to “%(server)s”.")
        % {"disk": disk.name, "server": disk.server},
    )
    return redirect(back_to or disk)
