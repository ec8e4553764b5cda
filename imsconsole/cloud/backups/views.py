"""Backups: list and CSV, the page of one, delete."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from imsconsole.accounts.access import ActorRequest, form_view, page_view
from imsconsole.accounts.kept_forms import typed
from imsconsole.accounts.lists import ListView
from imsconsole.accounts.models import ListName
from imsconsole.audit.models import Event
from imsconsole.cloud.backups.actions import BACKUP_ACTIONS, BACKUP_LIST_ACTIONS
from imsconsole.cloud.backups.filters import BackupFilter, backups_of
from imsconsole.cloud.backups.forms import CreateBackupForm, RestoreBackupForm
from imsconsole.cloud.backups.rules import (
    WORKING,
    can_back_up,
    can_create_backup,
    can_delete_backup,
    can_restore_backup,
    can_restore_to,
    with_present_disks,
)
from imsconsole.cloud.backups.services import create_backup, delete_backup, restore_backup
from imsconsole.cloud.backups.tables import COLUMNS, BackupTable
from imsconsole.cloud.backups.vaults.filters import vaults_of
from imsconsole.cloud.models import Backup, BackupDisk, Disk, Server
from imsconsole.cloud.servers.lookup import find_server
from imsconsole.core.actions import offered
from imsconsole.core.htmx import render_page, wants_fragment
from imsconsole.core.now import now
from imsconsole.core.pickers import picks_of
from imsconsole.core.summary import summary_of
from imsconsole.jobs.about import SHOWN, latest_jobs
from imsconsole.jobs.models import Job

LIST = ListView(
    ListName.BACKUPS,
    lambda request: backups_of(request.actor),
    BackupFilter,
    BackupTable,
    COLUMNS,
    ngettext_lazy("%(n)s backup", "%(n)s backups", "n"),
    BACKUP_LIST_ACTIONS,
)


def find_backup(request: ActorRequest, backup_id: uuid.UUID) -> Backup:
    """The actor's backup with what it takes and what rules ask about it, or 404."""
    backups = backups_of(request.actor).select_related("flavor", "project", "created_by")
    return get_object_or_404(backups.prefetch_related("disks__key"), pk=backup_id)


list_backups = page_view(LIST.page)
export_backups = page_view(LIST.csv)


@page_view
def show_backup(request: ActorRequest, backup_id: uuid.UUID) -> HttpResponse:
    """Everything about one backup: facts, its disks, what may be done, its jobs and its trail."""
    backup = find_backup(request, backup_id)
    jobs = Job.objects.visible_to(request.actor).filter(args__backup_id=str(backup.pk))
    context = {
        "active": "backups",
        "backup": backup,
        "server": Server.objects.visible_to(request.actor).existing().filter(pk=backup.server_id).first(),
        "is_busy": backup.status in WORKING,
        "offers": offered(BACKUP_ACTIONS, backup, request.actor),
        "events": Event.objects.visible_to(request.actor).about("backup", backup.pk)[:SHOWN],
        "is_fragment": wants_fragment(request),
        **latest_jobs(jobs, request.actor),
    }
    return render_page(request, "cloud/backups/detail.html", "cloud/backups/_detail.html", context)


@form_view
def create(request: ActorRequest, server_id: uuid.UUID | None = None) -> HttpResponse:
    """Which server goes into which vault; those that cannot be backed up say why."""
    actor = request.actor
    chosen = find_server(request, server_id) if server_id else None
    servers = with_present_disks(Server.objects.visible_to(actor).existing().order_by("name", "pk"))
    verdict = can_back_up(chosen, actor) if chosen else can_create_backup(actor)
    form = CreateBackupForm(
        typed(request),
        actor=actor,
        servers=servers if can_create_backup(actor) else servers.none(),
        rule=lambda server: can_back_up(server, actor, server.present_disks),
        initial={"server": chosen and chosen.pk, "name": f"backup-{localtime(now()):%Y%m%d-%H%M%S}"},
    )
    if request.method == "POST" and not form.is_refreshed:
        can_create_backup(actor).require()
    if form.is_valid():
        backup = create_backup(actor=actor, **form.cleaned_data)
        messages.success(request, _("The backup “%(name)s” is being created.") % {"name": backup.name})
        return redirect(backup)
    if picks := picks_of(request, form):
        return picks
    context = {
        "active": "backups",
        "form": form,
        "has_vaults": vaults_of(actor).exists(),
        "verdict": verdict,
        "summary": form.summary(),
    }
    return summary_of(request, context) or render(
        request, "cloud/backups/create.html", context, status=422 if form.errors else 200
    )


@form_view
def restore(request: ActorRequest, backup_id: uuid.UUID) -> HttpResponse:
    """To the server it is of, if that is there: what becomes of its disks, and the box that stops it."""
    backup, actor = find_backup(request, backup_id), request.actor
    servers = Server.objects.visible_to(actor).existing().select_related("flavor", "project")
    server = servers.filter(pk=backup.server_id).first()
    form = RestoreBackupForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        restored = restore_backup(backup, actor=actor, **form.cleaned_data)
        messages.success(
            request, _("“%(server)s” is being restored from the backup.") % {"server": restored.name}
        )
        return redirect(restored)
    context = {
        "active": "backups",
        "backup": backup,
        "server": server,
        "form": form,
        "verdict_new": can_restore_backup(backup, actor),
        "changes": _changes(backup, server) if server else [],
        "verdict": can_restore_to(backup, server, actor, stop_first=True)
        if server
        else can_restore_backup(backup, actor),
    }
    return render(request, "cloud/backups/restore.html", context)


def _changes(backup: Backup, server: Server) -> list[tuple[BackupDisk, Disk | None]]:
    """Each disk of the backup with the disk that is at its place now."""
    present = {disk.index: disk for disk in server.disks.attached()}
    return [(disk, present.get(disk.index)) for disk in backup.disks.all()]


@form_view
def delete(request: ActorRequest, backup_id: uuid.UUID) -> HttpResponse:
    """The question, and its answer: nothing brings it back."""
    backup = find_backup(request, backup_id)
    if request.method == "POST":
        delete_backup(backup, actor=request.actor)
        messages.success(request, _("The backup “%(name)s” is being deleted.") % {"name": backup.name})
        return redirect("backups:list")
    context = {"active": "backups", "backup": backup, "verdict": can_delete_backup(backup, request.actor)}
    return render(request, "cloud/backups/delete.html", context)
