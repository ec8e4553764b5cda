"""Uploads outside a wizard: one's own, one of them to go on with, take one in, discard one."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from images.models import Upload
from images.uploads.forms import SourceForm
from images.uploads.found import found_of, warnings_of
from images.uploads.handler import UploadRequest, takes_upload
from images.uploads.progress import progress_of
from images.uploads.rules import can_discard, can_resume, used_by_images
from images.uploads.services import discard_upload
from images.uploads.table import upload_table
from images.uploads.uploader import uploader_context
from imsconsole.accounts.access import ActorRequest, signed_in
from imsconsole.accounts.rules import may_write
from imsconsole.core.errors import Conflict
from imsconsole.core.htmx import render_page


@require_GET
@signed_in
def list_uploads(request: ActorRequest) -> HttpResponse:
    """One's own uploads in this project, and a place to begin another."""
    uploads = Upload.objects.visible_to(request.actor)
    context = {
        "active": "images",
        "table": upload_table(uploads, request, request.actor),
        "verdict": may_write(request.actor),
        "form": SourceForm(request.actor),
        **uploader_context(request.actor),
    }
    return render_page(request, "uploads/list.html", "components/table.html", context)


@require_GET
@signed_in
def detail(request: ActorRequest, upload_id: UUID) -> HttpResponse:
    """One upload: how far it is and how to go on, or what was found in it, or why it was refused."""
    upload = get_object_or_404(Upload.objects.visible_to(request.actor), pk=upload_id)
    context: dict[str, Any] = {
        "active": "images",
        "upload": upload,
        "progress": progress_of(upload),
        "can_resume": can_resume(upload, request.actor),
        "can_discard": can_discard(upload, request.actor),
        "image": used_by_images([upload]).get(upload.pk),
        **uploader_context(request.actor, upload),
    }
    if upload.state == Upload.State.COMPLETE:
        found = found_of(upload)
        context |= {"found": found, "warnings": warnings_of(found)}
    return render(request, "uploads/detail.html", context)


@require_POST
@takes_upload
def create(request: UploadRequest) -> HttpResponse:
    """Take in a file; the wizard goes on with it."""
    claimed = request.POST.get("format", "")  # reading the form lets the file stream in
    if not request.streamed.begun:
        raise Conflict("no-file")
    upload = request.streamed.finish(claimed=claimed)
    return redirect(f"{reverse('images:create')}?upload={upload.pk}")


@require_POST
@signed_in
def discard(request: ActorRequest, upload_id: UUID) -> HttpResponse:
    """Remove one of one's own uploads."""
    upload = get_object_or_404(Upload.objects.visible_to(request.actor), pk=upload_id)
    discard_upload(upload, actor=request.actor)
    messages.success(request, _("“%(name)s” was discarded.") % {"name": upload.name})
    return redirect("images:create" if request.POST.get("next") == "create" else "uploads:list")
