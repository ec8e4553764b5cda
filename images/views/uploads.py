"""Uploads outside a wizard: take one in, discard one."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from images.models import Upload
from images.uploads.handler import UploadRequest, takes_upload
from images.uploads.services import discard_upload
from imsconsole.accounts.access import ActorRequest, signed_in
from imsconsole.core.errors import Conflict


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
    return redirect("images:create")
