"""May a file be uploaded, an upload be discarded?"""

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from django.conf import settings
from django.db.models import F, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from images.models import Image, Upload
from images.receiving.limits import limit_file_bytes
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.buckets.rules import announced_bytes
from imsconsole.cloud.engines import promised_room
from imsconsole.cloud.spool.kinds import is_shared
from imsconsole.core.now import now
from imsconsole.core.room import SPARE_BYTES
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.core.sentences import refuse_as
from imsconsole.core.text import size
from imsconsole.engine.types import MIB
from imsconsole.jobs.quotas import fits_quota

TYPES = (Image.Type.SYSTEM, Image.Type.DATA, Image.Type.ISO)  # a full-ECS image is not made of one file


def can_upload(actor: Actor, size_bytes: int) -> Verdict:
    """Who, size (R59), quota, room on the disk; whatever its name (R65). `size_bytes` is what was announced."""
    if not (verdict := may_write(actor)):
        return verdict
    if size_bytes > limit_file_bytes() + MIB:  # the form around the file counts as well
        return refuse(
            "file-too-large",
            _("The file has %(size)s; files of up to %(limit)s can be imported."),
            size=size(size_bytes),
            limit=size(limit_file_bytes()),
        )
    return fits_quota(actor.project, {"upload_bytes": size_bytes}) and has_room(size_bytes)


def has_room(size_bytes: int) -> Verdict:
    """What others were promised is not free: work that runs, and what was announced and has not come yet.

    In a spool that all hosts share there is room; whoever takes it out of there reserves it on his host's disk.
    """
    if is_shared():
        return ALLOWED
    arriving = Upload.objects.filter(state=Upload.State.RECEIVING)
    announced = arriving.aggregate(left=Sum(F("size_bytes") - F("received_bytes")))["left"] or 0
    free = promised_room().free_bytes(settings.UPLOAD_DIR) - announced - announced_bytes()
    if free >= size_bytes + SPARE_BYTES:
        return ALLOWED
    return refuse(
        "no-room",
        _("The disk of the service has no room for %(size)s more. Please tell the operator."),
        size=size(size_bytes),
    )


def can_resume(upload: Upload, actor: Actor) -> Verdict:
    """One's own uploads that have not ended, in pieces of one's own choice."""
    if not (verdict := may_write(actor)):
        return verdict
    if upload.state == Upload.State.REFUSED:
        why = refuse_as(upload.error_code, **upload.error_values)
        return replace(why, code="upload-refused")
    if upload.state == Upload.State.COMPLETE:
        return refuse("upload-complete", _("“%(name)s” is uploaded completely."), name=upload.name)
    if upload.state == Upload.State.EXAMINING:
        return refuse(
            "upload-examining",
            _("“%(name)s” is uploaded completely and is being examined. That goes on by itself."),
            name=upload.name,
        )
    if upload.expires_at <= now():
        return refuse(
            "upload-expired",
            _("The unfinished upload of “%(name)s” has expired. Please upload it from the beginning."),
            name=upload.name,
        )
    if upload.origin:
        return refuse(
            "upload-fetched",
            _("“%(name)s” is being fetched. That goes on by itself."),
            name=upload.name,
        )
    if not upload.is_resumable:
        return refuse(
            "upload-not-resumable",
            _("“%(name)s” was sent by a plain form, which cannot go on. Discard it and upload it again."),
            name=upload.name,
        )
    return ALLOWED


def can_make_image(upload: Upload, actor: Actor, image_name: str | None = None) -> Verdict:
    """One's own uploads become one image at a time."""
    return can_discard(upload, actor, image_name)


def can_discard(upload: Upload, actor: Actor, image_name: str | None = None) -> Verdict:
    """One's own uploads, unless an image is being made of it (`image_name`, when that is known already)."""
    return may_write(actor) and (is_idle(upload) if image_name is None else _is_free(image_name))


def waiting_uploads(actor: Actor) -> QuerySet[Upload]:
    """One's own uploads that are here or on their way, and of which no image is being made."""
    uploads = Upload.objects.visible_to(actor).exclude(state=Upload.State.REFUSED)
    return uploads.exclude(pk__in=_at_work().values("source_id"))


def _at_work() -> QuerySet[Image]:
    """Images that are being made of a file."""
    at_work = [Image.Status.QUEUED, Image.Status.SAVING]
    return Image.objects.filter(source_kind=Image.Source.FILE, source_id__isnull=False, status__in=at_work)


def used_by_images(uploads: Collection[Upload]) -> dict[UUID, str]:
    """The names of the images that are being made of these uploads right now, by upload; one query."""
    at_work = _at_work().filter(source_id__in=[upload.pk for upload in uploads])
    return {made: name for made, name in at_work.values_list("source_id", "name") if made}


def is_idle(upload: Upload) -> Verdict:
    """Whether no image is being made of the upload right now."""
    return _is_free(used_by_images([upload]).get(upload.pk, ""))


def _is_free(image_name: str) -> Verdict:
    if not image_name:
        return ALLOWED
    return refuse(
        "upload-in-use",
        _("The image “%(name)s” is being made of this file right now. Wait until that has ended."),
        name=image_name,
    )
