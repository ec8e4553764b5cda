"""A former system disk on its server's page: bring it back, or delete it now."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from imsconsole.accounts.access import ActorRequest, form_view
from imsconsole.cloud.models import Disk
from imsconsole.cloud.system_disk.rules import can_delete_kept_disk, can_undo_change_os
from imsconsole.cloud.system_disk.services import delete_kept_disk, undo_change_os


def find_kept(request: ActorRequest, server_id: uuid.UUID, disk_id: uuid.UUID) -> Disk:
    """The kept disk of the actor's server, or 404."""
    disks = Disk.objects.visible_to(request.actor).kept().select_related("server__flavor", "image")
    return get_object_or_404(disks, pk=disk_id, server=server_id)


@form_view
def undo(request: ActorRequest, server_id: uuid.UUID, disk_id: uuid.UUID) -> HttpResponse:
    """The question, and its answer."""
    disk = find_kept(request, server_id, disk_id)
    if request.method == "POST":
        server = undo_change_os(disk, actor=request.actor)
        messages.success(
            request, _("“%(name)s” goes back to its former system disk.") % {"name": server.name}
        )
        return redirect(server)
    verdict = can_undo_change_os(disk, request.actor)
    context = {"active": "servers", "server": disk.server, "disk": disk, "verdict": verdict}
    return render(request, "cloud/server_pages/undo_change_os.html", context)


@form_view
def delete(request: ActorRequest, server_id: uuid.UUID, disk_id: uuid.UUID) -> HttpResponse:
    """The question, and its answer: nothing brings it back."""
    disk = find_kept(request, server_id, disk_id)
    if request.method == "POST":
        disk = delete_kept_disk(disk, actor=request.actor)
        messages.success(
            request, _("The former system disk “%(name)s” is being deleted.") % {"name": disk.name}
        )
        return redirect("servers:detail", server_id)
    verdict = can_delete_kept_disk(disk, request.actor)
    context = {"active": "servers", "server": disk.server, "disk": disk, "verdict": verdict}
    return render(request, "cloud/server_pages/delete_kept_disk.html", context)
