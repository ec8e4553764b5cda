"""Uploads: begun, complete, refused, discarded. The bytes themselves are the receiver's."""

from typing import cast

from images.models import Upload
from images.models.upload import kept_until
from images.uploads.archives import fill, unfilled
from images.uploads.jobs import ExamineUpload
from images.uploads.rules import can_discard, can_upload
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import refused, service
from imsconsole.accounts.models import User
from imsconsole.cloud.spool.kinds import uploads
from imsconsole.core.errors import Conflict, ImsError, NotFound
from imsconsole.core.locks import locked, locked_all
from imsconsole.core.sentences import lasting_values
from imsconsole.engine.types import Found
from imsconsole.jobs.quotas import lock_project
from imsconsole.jobs.start import start_job

NAME_LENGTH = 255


@service("startUpload")
def start_upload(
    *,
    name: str,
    size_bytes: int,
    actor: Actor,
    is_resumable: bool = False,
    claimed_format: str = "",
    claimed_sha256: str = "",
) -> Upload:
    """Reserve quota and room for a file of at most `size_bytes`; exactly that when resumable. Raises Refused."""
    lock_project(actor.project)
    can_upload(actor, size_bytes).require()
    return Upload.objects.create(
        project=actor.project,
        user=cast(User, actor.user),
        name=name[-NAME_LENGTH:],
        size_bytes=size_bytes,
        is_resumable=is_resumable,
        claimed_format=claimed_format,
        claimed_sha256=claimed_sha256,
        expires_at=kept_until(),
    )


@service("completeUpload")
def complete_upload(upload: Upload, found: Found, *, actor: Actor) -> Upload:
    """All bytes are here; what they are is kept with them. Raises NotFound when it was discarded meanwhile."""
    if not fill(upload, found):
        raise NotFound("upload-gone", name=upload.name)
    return upload


@service("examineUpload")
def examine_upload(
    upload: Upload, *, received_bytes: int, actor: Actor, claimed_format: str = "", claimed_sha256: str = ""
) -> Upload:
    """All bytes are in the spool that all hosts share: a job says what they are. Raises Conflict, NotFound."""
    upload = locked(Upload.objects.all(), upload.pk, gone=NotFound("upload-gone", name=upload.name))
    if upload.state != Upload.State.RECEIVING:
        raise Conflict("upload-ended", name=upload.name)
    upload.state, upload.expires_at = Upload.State.EXAMINING, kept_until()
    upload.size_bytes = upload.received_bytes = received_bytes
    upload.claimed_format = claimed_format or upload.claimed_format
    upload.claimed_sha256 = claimed_sha256 or upload.claimed_sha256
    upload.save()
    start_job(ExamineUpload, upload, actor=actor)
    return upload


@service("refuseUpload")
def refuse_upload(upload: Upload, error: ImsError, *, actor: Actor) -> Upload:
    """Keep why a file was refused. Its bytes are gone already and count no more."""
    Upload.objects.filter(pk=upload.pk).update(
        state=Upload.State.REFUSED, size_bytes=0, error_code=error.code, error_values=lasting_values(error)
    )
    return refused(upload, error)


@service("discardUpload")
def discard_upload(upload: Upload, *, actor: Actor) -> Upload:
    """Remove an upload and its bytes. Raises Refused while an image is made of it."""
    locked_all(Upload.objects.filter(pk=upload.pk))
    can_discard(upload, actor).require()
    uploads().discard(upload.pk)
    unfilled(upload).delete()
    Upload.objects.filter(pk=upload.pk).delete()
    return upload
