"""Create a full-ECS image of a server, or of a backup."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from images.capture.full.forms import OfBackupForm, OfServerForm
from images.capture.full.rules import can_capture_full, can_make_of_backup
from images.capture.full.services import capture_full, make_of_backup
from images.capture.rules import can_capture
from images.create.sources import BACKUP, SERVER, SourceKind, kinds_context
from images.models import Image
from imsconsole.accounts.access import ActorRequest, form_view
from imsconsole.cloud.backups.filters import backups_of
from imsconsole.cloud.backups.vaults.filters import vaults_of
from imsconsole.cloud.models import Server
from imsconsole.core.selection import Partition, split_by


@form_view
def of_server(request: ActorRequest) -> HttpResponse:
    """Which server, into which vault; servers that cannot be captured stand below with the reason."""
    actor = request.actor
    servers = Server.objects.visible_to(actor).existing().order_by("name")
    partition = split_by(servers, lambda server: can_capture_full(server, actor))
    form = OfServerForm(
        request.POST if request.method == "POST" else None,
        actor=actor,
        sources=servers,
        offered=partition.allowed,
        initial={"server": _named(request, "server")},
    )
    if request.method == "POST" and form.is_valid():
        return _begun(request, capture_full(actor=actor, **form.cleaned_data))
    return _page(request, form, partition, SERVER)


@form_view
def of_backup(request: ActorRequest) -> HttpResponse:
    """Which backup; those that make no image (any more) stand below with the reason."""
    actor = request.actor
    backups = backups_of(actor).order_by("-created_at")
    partition = split_by(backups, lambda backup: can_make_of_backup(backup, actor))
    form = OfBackupForm(
        request.POST if request.method == "POST" else None,
        actor=actor,
        sources=backups,
        offered=partition.allowed,
        initial={"backup": _named(request, "backup")},
    )
    if request.method == "POST" and form.is_valid():
        return _begun(request, make_of_backup(actor=actor, **form.cleaned_data))
    return _page(request, form, partition, BACKUP)


def _named(request: ActorRequest, name: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.GET.get(name, ""))
    except ValueError:
        return None


def _begun(request: ActorRequest, image: Image) -> HttpResponse:
    messages.success(request, _("The image “%(name)s” is being created.") % {"name": image.name})
    return redirect(image)


def _page(
    request: ActorRequest, form: OfServerForm | OfBackupForm, partition: Partition, source: SourceKind
) -> HttpResponse:
    context = {
        "active": "images",
        "form": form,
        "partition": partition,
        "verdict": can_capture(request.actor),
        "has_vaults": vaults_of(request.actor).exists(),
        **kinds_context(Image.Type.FULL, source),
    }
    return render(request, "images/capture/full/create.html", context, status=422 if form.errors else 200)
