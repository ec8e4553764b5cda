"""A spool in S3, which every host has: files are in pieces that the database lists, so no host keeps anything.

The row of a piece comes before its bytes and goes before them. So what lies there without a row is nobody's.
"""

import hashlib
import os
from collections.abc import Iterable, Sequence
from functools import partial
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import UUID

from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils.http import content_disposition_header

from imsconsole.cloud.engines import promised_room
from imsconsole.cloud.models import SpooledPart
from imsconsole.cloud.spool.spool import Report, See
from imsconsole.core.errors import Unavailable
from imsconsole.core.full_disk import raises_no_space
from imsconsole.core.sending import UNKNOWN_TYPE
from imsconsole.engine.types import MIB

PIECE_BYTES = 8 * MIB  # of an upload; held in memory until it is there
FOLLOWED_WITHIN_S = 300  # a link to a file
PREFIX = "part-"


class SharedSpool:
    """Files in S3. Raises Unavailable `spool-unavailable` when it does not answer."""

    is_shared = True

    def __init__(self, name: str) -> None:
        self.name = name
        self._storage: Any = storages["spool"]

    def parts(self, owner: UUID) -> QuerySet[SpooledPart]:
        """The pieces of a file, in their order."""
        return SpooledPart.objects.filter(spool=self.name, owner=owner, counts=True).order_by("offset")

    def has(self, owner: UUID) -> bool:
        return self.parts(owner).exists()

    def size_bytes(self, owner: UUID) -> int:
        return self.parts(owner).aggregate(total=Sum("size_bytes"))["total"] or 0

    # in
    def put(self, owner: UUID, offset: int, content: bytes) -> SpooledPart:
        """A piece, which does not count yet."""
        checksum = f"sha256:{hashlib.sha256(content).hexdigest()}"
        part = self._row(owner, offset=offset, size_bytes=len(content), checksum=checksum)
        self._save(part, ContentFile(content))
        return part

    def _save(self, part: SpooledPart, content: File) -> None:
        try:
            self._storage.save(part.name, content)
        except BaseException:
            part.delete()
            raise

    def count(self, parts: Sequence[SpooledPart]) -> None:
        """In a transaction that holds their owner: these pieces count from now on."""
        SpooledPart.objects.filter(pk__in=[part.pk for part in parts]).update(counts=True)

    def drop(self, parts: Iterable[SpooledPart]) -> None:
        """Remove pieces."""
        keys = {part.key: part.name for part in parts}
        SpooledPart.objects.filter(pk__in=[part.pk for part in parts]).delete()
        transaction.on_commit(partial(self._remove, keys), robust=True)

    def _remove(self, keys: dict[UUID, str]) -> None:
        shared = set(SpooledPart.objects.filter(key__in=keys).values_list("key", flat=True))
        self._storage.delete_all([name for key, name in keys.items() if key not in shared])

    def _row(self, owner: UUID, **fields: Any) -> SpooledPart:
        return SpooledPart.objects.create(spool=self.name, owner=owner, **fields)

    def bring(self, owner: UUID, path: Path, report: Report) -> str:
        part = self._row(owner)
        with path.open("rb") as file:
            reading = _Reading(file, path.stat().st_size, report)
            self._save(part, File(cast(Any, reading), name=part.name))
        part.size_bytes, part.checksum = reading.done, f"sha256:{reading.digest.hexdigest()}"
        part.save(update_fields=["size_bytes", "checksum"])
        return str(part.pk)

    def keep(self, owner: UUID, brought: str) -> None:
        rows = SpooledPart.objects.filter(spool=self.name, owner=owner)
        self.drop(list(rows.exclude(pk=UUID(brought))))
        if not rows.filter(pk=UUID(brought)).update(counts=True):
            raise Unavailable("spool-unavailable", detail="brought")

    def share(self, owner: UUID, other: UUID) -> None:
        self.discard(other)
        SpooledPart.objects.bulk_create(
            SpooledPart(
                spool=self.name, owner=other, offset=part.offset, size_bytes=part.size_bytes,
                checksum=part.checksum, key=part.key, counts=True,
            )
            for part in self.parts(owner)
        )  # fmt: skip

    # out
    def take(self, owner: UUID, path: Path, report: Report, *, see: See | None = None) -> None:
        """As of any spool; room is reserved first."""
        parts = list(self.parts(owner))
        if not parts:
            raise FileNotFoundError(owner.hex)
        total, done = sum(part.size_bytes for part in parts), 0
        with raises_no_space(), promised_room().kept(path, total), path.open("wb") as out:
            for part in parts:
                for piece in self._pieces(part):
                    if see:
                        see(piece)
                    out.write(piece)
                    done += len(piece)
                    report(done, total)
            out.flush()
            os.fsync(out.fileno())

    def _pieces(self, part: SpooledPart) -> Iterable[bytes]:
        algorithm, _, wanted = part.checksum.partition(":")
        digest = hashlib.new(algorithm)
        with self._storage.stream(part.name) as stream:
            while piece := stream.read(MIB):
                digest.update(piece)
                yield piece
        if digest.hexdigest() != wanted:
            raise Unavailable("spool-unavailable", detail="checksum")

    def open(self, owner: UUID, start: int = 0) -> BinaryIO:
        parts = list(self.parts(owner))
        if not parts:
            raise FileNotFoundError(owner.hex)
        return BufferedReader(_Reader(self._storage, parts, start))

    def url(self, owner: UUID, name: str) -> str:
        """Where a browser gets a file that is in one piece, as a file of this name; for some minutes."""
        headers = {
            "ResponseContentDisposition": content_disposition_header(True, name),
            "ResponseContentType": UNKNOWN_TYPE,
        }
        part = self.parts(owner).get()
        return str(self._storage.url(part.name, parameters=headers, expire=FOLLOWED_WITHIN_S))

    # away
    def discard(self, owner: UUID) -> None:
        self.drop(list(SpooledPart.objects.filter(spool=self.name, owner=owner)))

    def names(self) -> list[str]:
        lying = self._storage.listdir(self.name)[1]
        rows = SpooledPart.objects.filter(spool=self.name).values_list("owner", "key")
        known = {f"{PREFIX}{key.hex}" for _owner, key in rows}
        return sorted({owner.hex for owner, _key in rows} | (set(lying) - known))

    def remove(self, name: str) -> None:
        if name.startswith(PREFIX):
            self._storage.delete_all([f"{self.name}/{name}"])
        else:
            self.discard(UUID(name))


class _Reading:
    """A file that is read from its beginning to its end once, hashed and reported on the way."""

    def __init__(self, file: BinaryIO, total: int, report: Report) -> None:
        self._file, self._total, self._report = file, total, report
        self.digest, self.done = hashlib.sha256(), 0

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self.digest.update(piece)
        self.done += len(piece)
        self._report(self.done, self._total)
        return piece

    def seekable(self) -> bool:
        return False

    closed = False


class _Reader(RawIOBase):
    """The bytes of pieces that follow each other, from `start` on."""

    def __init__(self, storage: Any, parts: Sequence[SpooledPart], start: int) -> None:
        super().__init__()
        self._storage, self._start = storage, start
        self._parts = [part for part in parts if part.offset + part.size_bytes > start]
        self._stream: Any = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while self._stream is not None or self._parts:
            if self._stream is None:
                part = self._parts.pop(0)
                self._stream = self._storage.stream(part.name, max(0, self._start - part.offset))
            if piece := self._stream.read(len(buffer)):
                buffer[: len(piece)] = piece
                return len(piece)
            self._close_stream()
        return 0

    def _close_stream(self) -> None:
        if self._stream is not None:
            self._stream.__exit__()
            self._stream = None

    def close(self) -> None:
        self._close_stream()
        super().close()
