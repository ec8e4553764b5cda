"""The end of every way in: the whole file is examined, and complete or refused."""

import logging

from images.models import Upload
from images.receiving.receivers import AnyReceiver
from images.receiving.shared import End, SharedReceiver
from images.uploads.archives import begin_disks
from images.uploads.found import examine_file, with_hash
from images.uploads.services import complete_upload, examine_upload, refuse_upload
from imsconsole.accounts.actor import Actor
from imsconsole.core.errors import BadImage, ImsError
from imsconsole.engine.types import Found

logger = logging.getLogger(__name__)


def conclude(receiver: AnyReceiver, *, claimed: str, sha256: str, actor: Actor) -> Upload:
    """All bytes are here: the complete upload, or one that a job examines. Raises why it is refused; then nothing of it is left.

    What may work later (no space, no engine) is raised as well, and everything is kept.
    """
    try:
        if isinstance(receiver, SharedReceiver):
            return _examined_later(receiver, claimed, sha256, actor)
        found = _examined(receiver.upload, receiver.finish(claimed=claimed, sha256=sha256), actor)
        begin_disks(receiver.upload, found)
        return complete_upload(receiver.upload, found, actor=actor)
    except ImsError as error:
        if error.retryable and receiver.upload.is_resumable:
            raise
        raise turn_away(receiver, error, actor=actor) from error
    finally:
        receiver.close()


def examining(actor: Actor) -> End:
    """What a shared receiver does with all bytes of an upload."""
    return lambda upload, received_bytes: examine_upload(upload, received_bytes=received_bytes, actor=actor)


def _examined_later(receiver: SharedReceiver, claimed: str, sha256: str, actor: Actor) -> Upload:
    receiver.commit()
    receiver.upload.refresh_from_db()
    if receiver.upload.state != Upload.State.RECEIVING:
        return receiver.upload
    return examine_upload(
        receiver.upload,
        received_bytes=receiver.received_bytes,
        claimed_format=claimed,
        claimed_sha256=sha256,
        actor=actor,
    )


def turn_away(receiver: AnyReceiver, error: ImsError, *, actor: Actor) -> ImsError:
    """Remove every byte and keep why; returns the error, to be raised."""
    receiver.abandon()
    refuse_upload(receiver.upload, error, actor=actor)
    return error


def _examined(upload: Upload, found: Found, actor: Actor) -> Found:
    """Look at the finished file as well; when that is not possible now, the job will.

    Raises BadImage alone: all else says nothing about the file. Of an archive nothing is known without.
    """
    try:
        seen = examine_file(upload.path, claimed=found.format)
    except BadImage:
        raise
    except ImsError as error:
        if found.format == "ova":
            raise
        logger.warning(
            "Upload %s is complete but could not be examined; the import job will: %s", upload.pk, error
        )
        return found
    return with_hash(seen, found.sha256)
