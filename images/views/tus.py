"""Resumable uploads over the tus protocol.

Django's CSRF check holds for all of them: the token comes in the header X-CSRFToken. Nothing here reads
`request.POST` or `request.body`, so the bytes stream.
"""

from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from images.models import Upload
from images.uploads import tus
from images.uploads.append import append
from images.uploads.rules import can_resume
from images.uploads.services import discard_upload, start_upload
from imsconsole.accounts.access import ActorRequest, signed_in
from imsconsole.core.errors import BadImage, NotFound
from imsconsole.core.rules import Refused


@require_http_methods(["OPTIONS", "POST"])
@signed_in
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


@require_http_methods(["OPTIONS", "HEAD", "PATCH", "DELETE", "POST"])
@signed_in
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
    tus.limit_silence(request)
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
