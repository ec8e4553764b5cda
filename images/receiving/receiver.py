"""`Receiver`: the bytes of one upload, to its file and through the inspector, a piece at a time."""

import fcntl
import os
import threading
import time
from collections import OrderedDict
from typing import BinaryIO
from uuid import UUID

from images.models import Upload
from images.models.upload import kept_until
from images.receiving.limits import limit_file_bytes, limit_virtual_bytes
from images.receiving.progress import counted_bytes
from imsconsole.core.errors import BadImage, Conflict, NotFound
from imsconsole.core.full_disk import raises_no_space
from imsconsole.engine.inspection import Inspector
from imsconsole.engine.types import MIB, Found

PIECE_BYTES = MIB  # what is inspected and written at once
NOTED_EVERY_S = 2
LOCK_PATIENCE_S = 2.0  # a connection that has just ended may still be written down
KEPT_INSPECTORS = 8  # one holds about 6 MiB

# A SHA-256 half-way can be kept in memory only. So while one process takes all of a file, every byte is hashed once;
# after a restart, or when another process goes on, what this process has not seen is read again.
_kept: OrderedDict[UUID, Inspector] = OrderedDict()
_lock = threading.Lock()


@raises_no_space()
def locked_file(upload: Upload) -> BinaryIO:
    """The upload's file, for its one writer until it is closed. Raises Conflict (upload-busy), NoSpace."""
    file = os.fdopen(os.open(upload.path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
    deadline = time.monotonic() + LOCK_PATIENCE_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            file.close()
            raise Conflict("upload-busy", name=upload.name) from error
        return file


class Receiver:
    """Takes in an upload, as its only writer. Memory stays the same for every size: one piece, and the inspector's.

    An upload that has bytes already is gone on with: what this process has not inspected is read again.
    Raises Conflict (upload-busy, upload-ended), NotFound when the upload is gone, BadImage, NoSpace.
    """

    def __init__(self, upload: Upload) -> None:
        self.upload = upload
        self._piece = bytearray()
        self._noted_at = time.monotonic()
        self._file = locked_file(upload)
        try:
            self._inspector = self._caught_up()
        except BaseException:
            self._file.close()
            raise

    def _caught_up(self) -> Inspector:
        """An inspector that has seen what counts of the file; what does not count is cut off."""
        self._look_again()
        counted = counted_bytes(self.upload, os.fstat(self._file.fileno()).st_size)
        os.ftruncate(self._file.fileno(), counted)
        self._mark_unverified(None)
        inspector = take_inspector(self.upload.pk)
        if inspector is None or inspector.size_bytes > counted:
            inspector = Inspector(limit_virtual_bytes())
        self._file.seek(inspector.size_bytes)
        while piece := self._file.read(PIECE_BYTES):
            inspector.feed(piece)
        return inspector

    def _look_again(self) -> None:
        """The row as it is now that nobody else writes; only an upload that still arrives is written on."""
        try:
            self.upload.refresh_from_db()
        except Upload.DoesNotExist as error:
            self.upload.path.unlink(missing_ok=True)
            raise NotFound("upload-gone", name=self.upload.name) from error
        if self.upload.state != Upload.State.RECEIVING:
            raise Conflict("upload-ended", name=self.upload.name)

    def _mark_unverified(self, since: int | None) -> None:
        if self.upload.unverified_from != since:
            self.upload.unverified_from = since
            Upload.objects.filter(pk=self.upload.pk).update(unverified_from=since)

    @property
    def received_bytes(self) -> int:
        """How much is safely in the file; a resumed upload goes on from here."""
        return self._inspector.size_bytes

    def feed(self, chunk: bytes) -> None:
        """The next bytes, any number. Raises BadImage (surely refused), Conflict, NoSpace."""
        self._piece += chunk
        while len(self._piece) >= PIECE_BYTES:
            self._take(bytes(self._piece[:PIECE_BYTES]))
            del self._piece[:PIECE_BYTES]

    def flush(self) -> None:
        """Write what is left of less than a piece; called when a connection ends. Raises as `feed`."""
        if self._piece:
            self._take(bytes(self._piece))
            self._piece.clear()

    def _take(self, piece: bytes) -> None:
        size = self.received_bytes + len(piece)
        if size > limit_file_bytes():  # R59
            raise BadImage("too-large", size_bytes=size, limit_bytes=limit_file_bytes())
        if size > self.upload.size_bytes:
            raise Conflict("upload-longer", name=self.upload.name)
        self._inspector.feed(piece)
        self._write(piece)
        self._note()

    @raises_no_space()
    def _write(self, piece: bytes) -> None:
        rest = memoryview(piece)
        while rest:
            rest = rest[self._file.write(rest) :]

    def _note(self) -> None:
        """Let others see how far it is; now and then, for it costs a write."""
        if time.monotonic() - self._noted_at >= NOTED_EVERY_S:
            self.note()

    def note(self) -> None:
        """Write down how far it is, and that the upload is alive.

        Raises NotFound when it was discarded; the file may have been made again since, and goes as well.
        """
        self._noted_at = time.monotonic()
        noted = Upload.objects.filter(pk=self.upload.pk).update(
            received_bytes=self.received_bytes, expires_at=kept_until()
        )
        if not noted:
            self.upload.path.unlink(missing_ok=True)
            raise NotFound("upload-gone", name=self.upload.name)

    def begin_unverified(self) -> None:
        """What comes now does not count before `commit`, whatever happens."""
        self._mark_unverified(self.received_bytes)

    @raises_no_space()
    def commit(self) -> None:
        """All that was eaten counts, and is on the disk. Raises as `feed`, NotFound."""
        self.flush()
        os.fdatasync(self._file.fileno())
        self._mark_unverified(None)
        self.note()

    def roll_back(self) -> None:
        """Drop what came since `begin_unverified`, and close."""
        since = self.upload.unverified_from
        if since is not None:
            os.ftruncate(self._file.fileno(), since)
            self._mark_unverified(None)
        self.close()

    def pause(self) -> None:
        """Close; whoever goes on in this process need not read anything again."""
        keep_inspector(self.upload.pk, self._inspector)
        self.close()

    @raises_no_space()
    def finish(self, *, claimed: str = "", sha256: str = "") -> Found:
        """All bytes are here and on the disk: what they are. Raises BadImage, Conflict, NoSpace.

        The file stays locked until `close`: another tab would take its last byte for one that does not count.
        `claimed` is the format the user named, `sha256` the checksum the user gave; both may be empty.
        """
        self.flush()
        os.fsync(self._file.fileno())
        found = self._inspector.finish(claimed)
        if sha256 and sha256 != found.sha256:
            raise BadImage("checksum-differs", wanted=sha256, found=found.sha256)
        return found

    def close(self) -> None:
        self._file.close()

    def abandon(self) -> None:
        """Close, and remove every byte."""
        self.close()
        self.upload.path.unlink(missing_ok=True)


def take_inspector(upload_id: UUID) -> Inspector | None:
    """The inspector of an upload, no longer kept here. Only for who holds the upload's lock."""
    with _lock:
        return _kept.pop(upload_id, None)


def keep_inspector(upload_id: UUID, inspector: Inspector) -> None:
    """Keep an inspector that has seen exactly what counts of the file; the oldest gives way."""
    with _lock:
        _kept[upload_id] = inspector
        while len(_kept) > KEPT_INSPECTORS:
            _kept.popitem(last=False)
