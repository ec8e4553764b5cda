"""Attach a disk, beginning at the disk or at the server."""

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from imsconsole.accounts.access import ActorRequest, signed_in
from imsconsole.cloud.models import Disk, Server
from imsconsole.cloud.servers.lookup import find_server
from imsconsole.cloud.volumes.filters import disks_of
from imsconsole.cloud.volumes.forms import AttachForm, TakeForm
from imsconsole.cloud.volumes.rules import can_attach_disk, can_attach_to, can_take_disk
from imsconsole.cloud.volumes.services import attach_disk
from imsconsole.cloud.volumes.views import find_disk
from imsconsole.core.rules import Verdict
from imsconsole.core.selection import part

IN_PLACE = Q(disks__role=Disk.Role.DATA, disks__deleted_at=None, disks__beside=False)


@signed_in
def attach(request: ActorRequest, disk_id: uuid.UUID) -> HttpResponse:
    """Choose the server of a disk; those that cannot take it stand below with the reason."""
    disk, actor = find_disk(request, disk_id), request.actor
    servers: QuerySet[Any] = Server.objects.visible_to(actor).existing().order_by("name")
    servers = servers.select_related("zone").annotate(taken=Count("disks", filter=IN_PLACE))

    def fits(server: Any) -> Verdict:
        return can_attach_to(disk, server, actor, server.taken)

    verdict = can_attach_disk(disk, actor)
    parted = part(servers if verdict else [], fits)
    form = AttachForm(_typed(request), servers=servers, offered=parted.allowed)
    if request.method == "POST" and form.is_valid():
        disk = attach_disk(disk, server=form.cleaned_data["server"], actor=actor)
        return _attached(request, disk)
    context = {"active": "disks", "disk": disk, "form": form, "parted": parted, "verdict": verdict}
    return render(request, "disks/attach.html", context, status=422 if form.errors else 200)


@signed_in
def attach_to_server(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    """Choose a disk for a server: the data disks that no server has."""
    server, actor = find_server(request, server_id), request.actor
    disks = disks_of(actor).filter(role=Disk.Role.DATA, server=None).order_by("name")
    verdict = can_take_disk(server, actor)
    parted = part(disks if verdict else [], lambda disk: can_attach_to(disk, server, actor, 0))
    form = TakeForm(_typed(request), disks=disks, offered=parted.allowed)
    if request.method == "POST" and form.is_valid():
        disk = attach_disk(form.cleaned_data["disk"], server=server, actor=actor)
        return _attached(request, disk, server)
    context = {"active": "servers", "server": server, "form": form, "parted": parted, "verdict": verdict}
    return render(request, "disks/attach_to_server.html", context, status=422 if form.errors else 200)


def _typed(request: ActorRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _attached(request: ActorRequest, disk: Disk, back_to: Server | None = None) -> HttpResponse:
    messages.success(
        request,
        _("The disk “%(disk)s” is being attached to “%(server)s”.")
        % {"disk": disk.name, "server": disk.server},
    )
    return redirect(back_to or disk)
