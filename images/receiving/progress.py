"""How much of an upload counts. In a folder the file's size is the truth, which the row only follows; in a spool that all hosts
share it is the row.
"""

import fcntl
import hashlib
import os
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from images.models import Upload
from imsconsole.cloud.spool.kinds import is_shared, uploads
from imsconsole.core.now import now
from imsconsole.engine.types import MIB

FRESH = timedelta(seconds=10)
HEAD_BYTES = MIB  # what a client compares before it goes on with a file


def counted_bytes(upload: Upload, file_bytes: int) -> int:
    """How much of `file_bytes` counts; a client goes on from there.

    A chunk whose checksum was not compared yet does not count. Nor does the last byte, as long as the
    upload is not complete: whoever sends it again gets the file examined that a crash left unexamined.
    """
    if upload.state == Upload.State.COMPLETE:
        return upload.size_bytes
    counted = file_bytes if upload.unverified_from is None else min(file_bytes, upload.unverified_from)
    return max(0, min(counted, upload.size_bytes - 1))


@dataclass(frozen=True)
class Progress:
    """How far an upload is: what counts, its percentage, whether somebody is sending right now."""

    received_bytes: int
    percent: int
    is_busy: bool


def progress_of(upload: Upload) -> Progress:
    """Look at the upload's file; at its row, when a job fetches it or it comes by way of several hosts."""
    if upload.state != Upload.State.RECEIVING:
        return Progress(upload.received_bytes, 100, False)
    if upload.origin:
        return Progress(upload.received_bytes, 100 * upload.received_bytes // max(upload.size_bytes, 1), True)
    if is_shared():
        received = upload.received_bytes
        return Progress(received, 100 * received // max(upload.size_bytes, 1), _is_fresh(upload))
    try:
        with upload.path.open("rb") as file:
            received = counted_bytes(upload, os.fstat(file.fileno()).st_size)
            busy = _is_locked(file.fileno())
    except FileNotFoundError:
        received, busy = 0, False
    return Progress(received, 100 * received // max(upload.size_bytes, 1), busy)


def _is_fresh(upload: Upload) -> bool:
    """Whether something came just now: then its end was put off."""
    return upload.expires_at > now() + timedelta(hours=settings.IMS_UPLOAD_KEPT_HOURS) - FRESH


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False  # let go when the file is closed


def head_digest(upload: Upload, received_bytes: int) -> tuple[int, str]:
    """Length and SHA-256 of the first MiB, or of what there is of it."""
    try:
        with uploads().open(upload.pk) as file:
            head = file.read(min(HEAD_BYTES, received_bytes))
    except FileNotFoundError:
        head = b""
    return len(head), hashlib.sha256(head).hexdigest()
