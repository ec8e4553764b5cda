"""Restore a backup to a new server."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from images.launch.backup.forms import RestoreToNewForm
from images.launch.backup.services import restore_to_new_server
from imsconsole.accounts.access import ActorRequest, form_view
from imsconsole.cloud.backups.filters import backups_of
from imsconsole.cloud.backups.rules import can_restore_backup
from imsconsole.cloud.hosts import host_of


@form_view
def restore_to_new(request: ActorRequest, backup_id: uuid.UUID) -> HttpResponse:
    """Its name and flavor; its disks are those of the backup."""
    actor = request.actor
    backups = backups_of(actor).select_related("image__os_version").prefetch_related("disks")
    backup = get_object_or_404(backups, pk=backup_id)
    sent = request.POST if request.method == "POST" else None
    form = RestoreToNewForm(sent, backup=backup, actor=actor, host=host_of(actor.region))
    if request.method == "POST" and form.is_valid():
        server = restore_to_new_server(backup, actor=actor, **form.cleaned_data)
        messages.success(
            request, _("“%(server)s” is being created from the backup.") % {"server": server.name}
        )
        return redirect(server)
    context = {
        "active": "backups",
        "backup": backup,
        "form": form,
        "verdict": can_restore_backup(backup, actor),
    }
    return render(
        request, "images/launch/backup/restore_to_new.html", context, status=422 if form.errors else 200
    )
