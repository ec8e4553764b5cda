"""Download an image: what there is of it, one more format, and the bytes."""

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from images.download.forms import FormatForm
from images.download.rules import DOWNLOAD_FACTS, can_download, can_download_stored, can_fetch_download
from images.download.services import discard_download, note_download, prepare_download
from images.export.names import file_name, proposed_name
from images.export.rules import Format
from images.models import Download, Image
from imsconsole.accounts.access import ActorRequest, form_view, page_view, post_view
from imsconsole.audit.models import Event
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.spool.kinds import downloads
from imsconsole.cloud.spool.shared import SharedSpool
from imsconsole.core.errors import ImsError
from imsconsole.core.htmx import render_page
from imsconsole.core.now import now
from imsconsole.core.sending import Sendable, send_checksum, send_file
from imsconsole.core.sentences import sentence_of
from imsconsole.jobs.models import Job

NOTED_EVERY = timedelta(hours=1)  # of one person and one file: its parts are one download


@form_view
def download(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    """What can be downloaded at once, what was prepared, and a form for another format."""
    image = _image(request, image_id)
    form = FormatForm(request.POST if request.method == "POST" else None, image=image, actor=request.actor)
    if request.method == "POST":
        can_download(image, request.actor).require()
        if form.is_valid() and _prepared(request, image, form):
            return redirect("images:download", image.pk)
    stored = can_download_stored(image, request.actor)
    context = {
        "active": "images",
        "image": image,
        "verdict": can_download(image, request.actor),
        "stored_verdict": stored,
        "stored": _stored(image) if stored else None,
        "form": form,
        **_downloads(request, image),
    }
    return render_page(
        request,
        "images/download/download.html",
        "images/download/_downloads.html",
        context,
        status=422 if form.errors else 200,
    )


@page_view
def show_download(request: ActorRequest, download_id: uuid.UUID) -> HttpResponse:
    """Where a file that was prepared is: on the page of its image."""
    return redirect(get_object_or_404(Download.objects.visible_to(request.actor), pk=download_id))


def _prepared(request: ActorRequest, image: Image, form: FormatForm) -> bool:
    try:
        made = prepare_download(image, format=form.cleaned_data["format"], actor=request.actor)
    except ImsError as error:
        form.add_error("format", sentence_of(error))
        return False
    messages.success(request, _("“%(name)s” is being prepared.") % {"name": made.name})
    return True


def _downloads(request: ActorRequest, image: Image) -> dict[str, Any]:
    """Each with the job that makes it, while it does."""
    downloads = list(Download.objects.visible_to(request.actor).filter(image=image))
    jobs = {job.subject_id: job for job in Job.objects.live().about(*(each.pk for each in downloads))}
    return {
        "downloads": [(each, jobs.get(each.pk)) for each in downloads],
        "is_working": bool(jobs),
        "kept_hours": settings.IMS_DOWNLOAD_KEPT_HOURS,
    }


@post_view
def discard(request: ActorRequest, image_id: uuid.UUID, download_id: uuid.UUID) -> HttpResponse:
    """Remove a file that was prepared."""
    image, made = _found(request, image_id, download_id)
    discard_download(made, actor=request.actor)
    messages.success(request, _("“%(name)s” was removed.") % {"name": made.name})
    return redirect("images:download", image.pk)


@page_view
def stored(request: ActorRequest, image_id: uuid.UUID) -> HttpResponseBase:
    """The file as it is stored, or a part of it."""
    image = _image(request, image_id)
    can_download_stored(image, request.actor).require()
    return _sent(request, image, _stored(image))


@page_view
def stored_checksum(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    image = _image(request, image_id)
    can_download_stored(image, request.actor).require()
    return send_checksum(_stored(image))


@page_view
def prepared(request: ActorRequest, image_id: uuid.UUID, download_id: uuid.UUID) -> HttpResponseBase:
    """A file that was prepared, or a part of it."""
    image, made = _found(request, image_id, download_id)
    can_fetch_download(made, image, request.actor).require()
    spool = downloads()
    answer = redirect(spool.url(made.pk, made.name)) if isinstance(spool, SharedSpool) else None
    return _sent(request, image, _file(made), answer)


@page_view
def prepared_checksum(request: ActorRequest, image_id: uuid.UUID, download_id: uuid.UUID) -> HttpResponse:
    image, made = _found(request, image_id, download_id)
    can_fetch_download(made, image, request.actor).require()
    return send_checksum(_file(made))


def _image(request: ActorRequest, image_id: uuid.UUID) -> Image:
    images = Image.objects.visible_to(request.actor).with_facts(request.actor, *DOWNLOAD_FACTS)
    return get_object_or_404(images.select_related("os_version", "key"), pk=image_id)


def _found(request: ActorRequest, image_id: uuid.UUID, download_id: uuid.UUID) -> tuple[Image, Download]:
    image = _image(request, image_id)
    downloads = Download.objects.visible_to(request.actor).filter(image=image)
    return image, get_object_or_404(downloads, pk=download_id)


def _stored(image: Image) -> Sendable:
    disk = image.disks.earliest("index")
    name = file_name(proposed_name(image), Format.RAW if disk.format == "raw" else Format.STORED)
    modified = image.active_at or image.created_at
    return Sendable(
        name,
        disk.size_bytes,
        disk.checksum,
        modified,
        lambda start: engine_for(image.region_id).open(disk.ref, start),
    )


def _file(made: Download) -> Sendable:
    return Sendable(
        made.name,
        made.size_bytes,
        f"sha256:{made.sha256}",
        made.created_at,
        lambda start: downloads().open(made.pk, start),
    )


def _sent(
    request: ActorRequest, image: Image, file: Sendable, answer: HttpResponseBase | None = None
) -> HttpResponseBase:
    """The bytes; who gets them stands in the trail."""
    answer = answer or send_file(request, file)
    if request.method == "GET" and not _is_noted(request, image, file):
        note_download(image, name=file.name, actor=request.actor)
    return answer


def _is_noted(request: ActorRequest, image: Image, file: Sendable) -> bool:
    lately = Event.objects.visible_to(request.actor).done("downloadImage").filter(at__gt=now() - NOTED_EVERY)
    return lately.about("image", image.pk).filter(user=request.actor.user, details=file.name).exists()
