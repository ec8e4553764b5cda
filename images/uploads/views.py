"""Uploads outside a wizard: one's own, one of them to go on with, take one in, discard one; and the tus protocol.

Django's CSRF check holds for tus as well: the token comes in the header X-CSRFToken. Nothing there reads
`request.POST` or `request.body`, so the bytes stream.
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from images.models import Upload
from images.receiving.progress import progress_of
from images.uploads import tus
from images.uploads.actions import UPLOAD_ACTIONS
from images.uploads.append import append
from images.uploads.forms import SourceForm, uploader_context
from images.uploads.found import found_of, warnings_of
from images.uploads.handler import UploadRequest, takes_upload
from images.uploads.rules import can_resume, used_by_images
from images.uploads.services import discard_upload, start_upload
from images.uploads.tables import UploadTable
from imsconsole.accounts.access import ActorRequest, ViewKind, page_view, post_view
from imsconsole.accounts.rules import may_write
from imsconsole.core.actions import offered
from imsconsole.core.errors import BadImage, Conflict, NotFound
from imsconsole.core.htmx import render_page
from imsconsole.core.rules import Refused
from imsconsole.core.tables import paged
from imsconsole.jobs.models import Job


@page_view
def list_uploads(request: ActorRequest) -> HttpResponse:
    """One's own uploads in this project, and a place to begin another. Abandoned ones are a line, until one asks for them."""
    uploads = Upload.objects.visible_to(request.actor)
    folded = 0 if "abandoned" in request.GET else uploads.abandoned().count()
    if folded:
        uploads = uploads.exclude(pk__in=uploads.abandoned().values("pk"))
    context = {
        "active": "images",
        "folded": folded,
        "kept_hours": settings.IMS_UPLOAD_KEPT_HOURS,
        "table": paged(UploadTable, uploads, request),
        "verdict": may_write(request.actor),
        "form": SourceForm(request.actor),
        **uploader_context(request.actor),
    }
    return render_page(request, "images/uploads/list.html", "components/table.html", context)


@page_view
def detail(request: ActorRequest, upload_id: UUID) -> HttpResponse:
    """One upload: how far it is and how to go on, or what was found in it, or why it was refused."""
    upload = get_object_or_404(Upload.objects.visible_to(request.actor), pk=upload_id)
    image = used_by_images([upload]).get(upload.pk, "")
    context: dict[str, Any] = {
        "active": "images",
        "upload": upload,
        **_work_on(upload),
        "progress": progress_of(upload),
        "can_resume": can_resume(upload, request.actor),
        "offers": offered(UPLOAD_ACTIONS, upload, request.actor, image_name=image),
        "image": image,
        **uploader_context(request.actor, upload),
    }
    if upload.state == Upload.State.COMPLETE:
        found = found_of(upload)
        context |= {"found": found, "warnings": warnings_of(found)}
    return render(request, "images/uploads/detail.html", context)


def _work_on(upload: Upload) -> dict[str, Any]:
    """The job that fetches or examines it; or the one that could not examine it."""
    if not (upload.origin or upload.state == Upload.State.EXAMINING):
        return {"job": None}
    job = Job.objects.live().about(upload.pk).first()
    failed = Job.objects.unsettled().about(upload.pk).first() if job is None else None
    return {"job": job, "failed": failed if upload.state == Upload.State.EXAMINING else None}


@post_view.with_files()
@takes_upload
def create(request: UploadRequest) -> HttpResponse:
    """Take in a file; the wizard goes on with it."""
    claimed = request.POST.get("format", "")  # reading the form lets the file stream in
    if not request.streamed.begun:
        raise Conflict("no-file")
    upload = request.streamed.finish(claimed=claimed)
    if upload.state == Upload.State.EXAMINING:
        return redirect("uploads:detail", upload.pk)
    return redirect(f"{reverse('images:create')}?upload={upload.pk}")


@post_view
def discard(request: ActorRequest, upload_id: UUID) -> HttpResponse:
    """Remove one of one's own uploads."""
    upload = get_object_or_404(Upload.objects.visible_to(request.actor), pk=upload_id)
    discard_upload(upload, actor=request.actor)
    messages.success(request, _("“%(name)s” was discarded.") % {"name": upload.name})
    return redirect("images:create" if request.POST.get("next") == "create" else "uploads:list")


@ViewKind(("OPTIONS", "POST"))
@tus.speaks_tus
def begin(request: ActorRequest) -> HttpResponse:
    """Creation: an upload of Upload-Length bytes, named in Upload-Metadata."""
    if request.method == "OPTIONS":
        return tus.options()
    tus.require_version(request)
    size_bytes, given = tus.number(request, "Upload-Length"), tus.announced(request)
    if size_bytes == 0:
        raise BadImage("empty")
    upload = start_upload(**given, size_bytes=size_bytes, actor=request.actor, is_resumable=True)
    return tus.told(upload, 201, Location=reverse("uploads:tus-upload", args=[upload.pk]), Upload_Offset="0")


@ViewKind(("OPTIONS", "HEAD", "PATCH", "DELETE", "POST"))
@tus.speaks_tus
def resume(request: ActorRequest, upload_id: UUID) -> HttpResponse:
    """An upload: how far it is, its next bytes, its end."""
    upload = Upload.objects.visible_to(request.actor).filter(pk=upload_id).first()
    if upload is None:
        raise NotFound
    method = tus.method_of(request)
    if method == "OPTIONS":
        return tus.options()
    tus.require_version(request)
    if method == "HEAD":
        return _progress(request, upload)
    if method == "PATCH":
        return _take(request, upload)
    if method == "DELETE":
        discard_upload(upload, actor=request.actor)
        return HttpResponse(status=204)
    return HttpResponse(status=405)


def _progress(request: ActorRequest, upload: Upload) -> HttpResponse:
    verdict = can_resume(upload, request.actor)
    if verdict.code in tus.GONE:
        raise Refused(verdict)
    return tus.progress(upload)


def _take(request: ActorRequest, upload: Upload) -> HttpResponse:
    if request.content_type != tus.CHUNK_TYPE:
        return HttpResponse(status=415)
    tus.claim(request, upload)
    received_bytes = append(
        upload,
        request,
        offset=tus.number(request, "Upload-Offset"),
        length=tus.number(request, "Content-Length"),
        checksum=tus.checksum(request),
        actor=request.actor,
    )
    return tus.told(upload, 204, Upload_Offset=str(received_bytes))
