"""`SharedReceiver`: the bytes of one request, to a spool that all hosts share. Any host takes the next ones."""

import time
from collections.abc import Callable

from django.db import transaction

from images.models import Upload
from images.models.upload import kept_until
from images.receiving.limits import limit_file_bytes, limit_virtual_bytes
from images.receiving.receiver import NOTED_EVERY_S
from imsconsole.cloud.models import SpooledPart
from imsconsole.cloud.spool.kinds import shared_uploads
from imsconsole.cloud.spool.shared import PIECE_BYTES
from imsconsole.core.contention import retried
from imsconsole.core.errors import BadImage, Conflict, NotFound
from imsconsole.core.locks import locked
from imsconsole.engine.inspection import Inspector

End = Callable[
    [Upload, int], object
]  # what is done with all bytes of an upload, in the transaction in which they count


class SharedReceiver:
    """Takes in bytes of an upload, in pieces that are each an object. Several may at once, on whichever hosts: a piece
    counts when what it follows does, so one of them wins, and the others are told where to go on.

    Only the beginning of a file is looked at here; a job examines the whole. Raises as `Receiver`, and Unavailable.
    """

    def __init__(self, upload: Upload, end: End) -> None:
        self.upload = upload
        self._end = end
        self._spool = shared_uploads()
        self._look_again()
        self.received_bytes = self._spool.size_bytes(upload.pk)  # what counts, and is there
        self._arrived_bytes = self.received_bytes
        self._piece = bytearray()
        self._waiting: list[SpooledPart] = []  # are there, and do not count yet
        self._is_unverified = False
        self._noted_at = time.monotonic()
        self._inspector = None if self.received_bytes else Inspector(limit_virtual_bytes())

    def _look_again(self) -> None:
        try:
            self.upload.refresh_from_db()
        except Upload.DoesNotExist as error:
            raise NotFound("upload-gone", name=self.upload.name) from error
        if self.upload.state != Upload.State.RECEIVING:
            raise Conflict("upload-ended", name=self.upload.name)

    def feed(self, chunk: bytes) -> None:
        """The next bytes, any number."""
        self._arrived_bytes += len(chunk)
        if self._arrived_bytes > limit_file_bytes():  # R59
            raise BadImage("too-large", size_bytes=self._arrived_bytes, limit_bytes=limit_file_bytes())
        if self._arrived_bytes > self.upload.size_bytes:
            raise Conflict("upload-longer", name=self.upload.name)
        self._inspect(chunk)
        self._piece += chunk
        while len(self._piece) >= PIECE_BYTES:
            self._put(bytes(self._piece[:PIECE_BYTES]))
            del self._piece[:PIECE_BYTES]
        if time.monotonic() - self._noted_at >= NOTED_EVERY_S:
            self.note()

    def _inspect(self, chunk: bytes) -> None:
        if self._inspector:
            self._inspector.feed(chunk)
            if self._inspector.size_bytes > PIECE_BYTES:
                self._inspector = None

    def _put(self, piece: bytes) -> None:
        offset = self.received_bytes + sum(part.size_bytes for part in self._waiting)
        self._waiting.append(self._spool.put(self.upload.pk, offset, piece))
        if not self._is_unverified:
            self._count()

    def _count(self) -> None:
        """What waits counts from now on. Raises Conflict (upload-offset, upload-ended), NotFound."""
        self.received_bytes = self._counted()
        self._waiting.clear()

    @retried
    @transaction.atomic
    def _counted(self) -> int:
        """How much counts then; with the last byte of a file whose size is known, the file is examined."""
        gone = NotFound("upload-gone", name=self.upload.name)
        upload = locked(Upload.objects.all(), self.upload.pk, gone=gone)
        if upload.state != Upload.State.RECEIVING:
            raise Conflict("upload-ended", name=upload.name)
        there = self._spool.size_bytes(upload.pk)
        if there != self.received_bytes:
            raise Conflict("upload-offset", name=upload.name, offset=there, given=self.received_bytes)
        self._spool.count(self._waiting)
        there += sum(part.size_bytes for part in self._waiting)
        Upload.objects.filter(pk=upload.pk).update(received_bytes=there, expires_at=kept_until())
        if upload.is_resumable and there == upload.size_bytes:
            self._end(upload, there)
        return there

    def note(self) -> None:
        """Write down that the upload is alive. Raises NotFound when it was discarded."""
        self._noted_at = time.monotonic()
        if not Upload.objects.filter(pk=self.upload.pk).update(expires_at=kept_until()):
            raise NotFound("upload-gone", name=self.upload.name)

    def begin_unverified(self) -> None:
        """What comes now does not count before `commit`."""
        self._is_unverified = True

    def commit(self) -> None:
        """All that came counts."""
        if self._piece:
            self._is_unverified = True
            self._put(bytes(self._piece))
            self._piece.clear()
        if self._waiting:
            self._count()

    def roll_back(self) -> None:
        """Drop what does not count yet."""
        self.close()

    def pause(self) -> None:
        self.close()

    def close(self) -> None:
        """What does not count is gone."""
        self._piece.clear()
        waiting, self._waiting = self._waiting, []
        self._spool.drop(waiting)

    def abandon(self) -> None:
        """Remove every byte."""
        self.close()
        self._spool.discard(self.upload.pk)
