"""The next bytes of a resumable upload, as one request brings them."""

import hashlib
import logging
from dataclasses import dataclass
from typing import Protocol

from django.http.request import UnreadablePostError

from images.models import Upload
from images.receiving.receivers import AnyReceiver, receiver_of
from images.uploads.conclusion import conclude, examining, turn_away
from images.uploads.rules import can_resume
from imsconsole.accounts.actor import Actor
from imsconsole.core.errors import BadImage, Conflict

logger = logging.getLogger(__name__)
READ_BYTES = 64 * 1024  # what a connection that breaks may lose at most


class Stream(Protocol):
    """Where the bytes come from."""

    def read(self, size: int) -> bytes: ...


@dataclass(frozen=True)
class Checksum:
    """What the bytes of one request must hash to. `algorithm` is a name of hashlib."""

    algorithm: str
    digest: bytes


class ChunkDiffers(Conflict):
    """The bytes of one request do not have the checksum that came with them; they were dropped."""

    http_status = 460  # of the protocol
    default_code = "upload-chunk-differs"


def append(
    upload: Upload,
    stream: Stream,
    *,
    offset: int,
    length: int,
    checksum: Checksum | None,
    actor: Actor,
) -> int:
    """Take `length` bytes from `stream` at `offset`; how much of the upload counts then.

    A connection that ends early keeps what came, unless a checksum was to be compared. The last byte
    concludes the upload. Raises Refused, Conflict, NotFound, BadImage, NoSpace, Unavailable, ChunkDiffers.
    """
    can_resume(upload, actor).require()
    receiver = receiver_of(upload, examining(actor))
    try:
        _check_place(receiver, offset, length)
        return _take(receiver, stream, length, checksum, actor)
    finally:
        receiver.close()


def _check_place(receiver: AnyReceiver, offset: int, length: int) -> None:
    upload = receiver.upload
    if offset != receiver.received_bytes:
        receiver.pause()
        raise Conflict("upload-offset", name=upload.name, offset=receiver.received_bytes, given=offset)
    if offset + length > upload.size_bytes:
        receiver.pause()
        raise Conflict("upload-longer", name=upload.name)


def _take(receiver: AnyReceiver, stream: Stream, length: int, checksum: Checksum | None, actor: Actor) -> int:
    receiver.note()
    try:
        _receive(receiver, stream, length, checksum)
    except BadImage as error:
        raise turn_away(receiver, error, actor=actor) from error
    upload = receiver.upload
    if receiver.received_bytes < upload.size_bytes:
        receiver.pause()
    else:
        conclude(receiver, claimed=upload.claimed_format, sha256=upload.claimed_sha256, actor=actor)
    return receiver.received_bytes


def _receive(receiver: AnyReceiver, stream: Stream, length: int, checksum: Checksum | None) -> None:
    before = receiver.received_bytes
    if checksum:
        receiver.begin_unverified()
    digest = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum else None
    came = _pour(receiver, stream, length, digest)
    if checksum and digest and (came < length or digest.digest() != checksum.digest):
        receiver.roll_back()
        raise ChunkDiffers(name=receiver.upload.name, offset=before)
    receiver.commit()


def _pour(receiver: AnyReceiver, stream: Stream, length: int, digest: "hashlib._Hash | None") -> int:
    """Feed the receiver until `length` bytes came or the connection ended; how many came."""
    came = 0
    try:
        while came < length and (chunk := stream.read(min(READ_BYTES, length - came))):
            came += len(chunk)
            if digest:
                digest.update(chunk)
            receiver.feed(chunk)
    except UnreadablePostError as error:
        logger.info("Upload %s was interrupted, and waits to be resumed: %s", receiver.upload.pk, error)
    return came
