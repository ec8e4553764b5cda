"""`Receiver`: the bytes of one upload, to its file and through the inspector, a piece at a time."""

import errno
import os
import time
from datetime import datetime, timedelta
from typing import BinaryIO

from django.conf import settings

from images.models import Upload
from images.uploads.found import limit_file_bytes, limit_virtual_bytes
from imsconsole.core.errors import BadImage, Conflict, NoSpace
from imsconsole.core.now import now
from imsconsole.engine.inspection import Inspector
from imsconsole.engine.types import MIB, Found

PIECE_BYTES = MIB  # what is inspected and written at once
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NOTED_EVERY_S = 2


def kept_until() -> datetime:
    """When an upload on which nothing happens any more is removed."""
    return now() + timedelta(hours=settings.IMS_UPLOAD_KEPT_HOURS)


class Receiver:
    """Takes in an upload. Memory stays the same for every size: one piece, and the inspector's.

    An upload that has bytes already is gone on with: they are read again for hash and inspection.
    """

    def __init__(self, upload: Upload) -> None:
        self.upload = upload
        self._inspector = Inspector(limit_virtual_bytes())
        self._piece = bytearray()
        self._noted_at = time.monotonic()
        self._file = self._opened()
        self._read_again()

    def _opened(self) -> BinaryIO:
        return os.fdopen(os.open(self.upload.path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)

    def _read_again(self) -> None:
        while piece := self._file.read(PIECE_BYTES):
            self._inspector.eat(piece)

    @property
    def received_bytes(self) -> int:
        """How much is safely in the file; a resumed upload goes on from here."""
        return self._inspector.size_bytes

    def eat(self, chunk: bytes) -> None:
        """The next bytes, any number. Raises BadImage (surely refused), Conflict, NoSpace."""
        self._piece += chunk
        while len(self._piece) >= PIECE_BYTES:
            self._take(bytes(self._piece[:PIECE_BYTES]))
            del self._piece[:PIECE_BYTES]

    def flush(self) -> None:
        """Write what is left of less than a piece; called when a connection ends. Raises as `eat`."""
        if self._piece:
            self._take(bytes(self._piece))
            self._piece.clear()

    def _take(self, piece: bytes) -> None:
        size = self.received_bytes + len(piece)
        if size > limit_file_bytes():  # R59
            raise BadImage("too-large", size_bytes=size, limit_bytes=limit_file_bytes())
        if size > self.upload.size_bytes:
            raise Conflict("upload-longer", name=self.upload.name)
        self._inspector.eat(piece)
        self._write(piece)
        self._note()

    def _write(self, piece: bytes) -> None:
        rest = memoryview(piece)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            if error.errno in FULL:
                raise NoSpace from error
            raise

    def _note(self) -> None:
        """Let others see how far it is; now and then, for it costs a write."""
        if time.monotonic() - self._noted_at < NOTED_EVERY_S:
            return
        self._noted_at = time.monotonic()
        Upload.objects.filter(pk=self.upload.pk).update(
            received_bytes=self.received_bytes, expires_at=kept_until()
        )

    def finish(self, *, claimed: str = "", sha256: str = "") -> Found:
        """All bytes are here and on the disk: what they are. Raises BadImage, Conflict, NoSpace.

        `claimed` is the format the user named, `sha256` the checksum the user gave; both may be empty.
        """
        self.flush()
        os.fsync(self._file.fileno())
        found = self._inspector.finish(claimed)
        if sha256 and sha256 != found.sha256:
            raise BadImage("checksum-differs", wanted=sha256, found=found.sha256)
        self.close()
        return found

    def close(self) -> None:
        self._file.close()

    def abandon(self) -> None:
        """Close, and remove every byte."""
        self.close()
        self.upload.path.unlink(missing_ok=True)
