"""Backups in S3, below a prefix. Imported only where they lie there."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.core.files import File

from imsconsole.cloud.buckets.s3 import ObjectsInS3
from imsconsole.console_backup.listed import Listed
from imsconsole.console_backup.places import MANIFEST, NAME, BackupError, Progress, object_name
from imsconsole.core.errors import Unavailable
from imsconsole.engine.types import MIB


class BackupsInS3(ObjectsInS3):
    @staticmethod
    def unavailable(detail: str) -> Unavailable:
        return Unavailable("console-backup-s3", detail=detail)


class S3Place:
    """What is kept there is listed once: a question for each of a million files would take hours."""

    def __init__(self, storage: BackupsInS3) -> None:
        self._storage = storage
        self._sizes: Listed | None = None

    def clear(self) -> None:
        with said():
            self._storage.exists(MANIFEST)

    def has(self, checksum: str, size_bytes: int) -> bool:
        name = object_name(checksum)
        if self._sizes is None:
            self._sizes = Listed(self._listed("objects/"))
        return self._sizes.get(name) == str(size_bytes)

    def put(self, path: Path, checksum: str, *, is_final: bool, progress: Progress) -> str:
        algorithm = checksum.partition(":")[0] or "sha256"
        found = f"{algorithm}:{_digest(path, algorithm, progress)}"
        if not checksum or found == checksum:
            with said(), path.open("rb") as stream:
                self._storage.save(object_name(found), File(stream))
        return found

    def object(self, checksum: str) -> BinaryIO:
        return self.read(object_name(checksum))

    def objects(self) -> Iterator[str]:
        for name, _size in self._listed("objects/"):
            algorithm, _, rest = name.removeprefix("objects/").partition("/")
            yield f"{algorithm}:{rest.rpartition('/')[2]}"

    def remove_objects(self, checksums: list[str]) -> None:
        with said():
            self._storage.delete_all([object_name(each) for each in checksums])

    def write(self, name: str, path: Path) -> None:
        with said(), path.open("rb") as stream:
            self._storage.save(name, File(stream))

    def read(self, name: str) -> BinaryIO:
        with said():
            return cast(BinaryIO, io.BufferedReader(_Raw(self._storage.stream(name)), MIB))

    def backups(self) -> list[str]:
        return [name for name in self._named() if self._has_manifest(name)]

    def partial(self) -> list[str]:
        return [name for name in self._named() if not self._has_manifest(name)]

    def remove_backup(self, name: str) -> None:
        with said():
            self._storage.delete(f"backups/{name}/{MANIFEST}")
            self._storage.delete_all([each for each, _size in self._listed(f"backups/{name}/")] or [name])

    def _has_manifest(self, name: str) -> bool:
        with said():
            return self._storage.exists(f"backups/{name}/{MANIFEST}")

    def _named(self) -> list[str]:
        with said():
            return sorted(name for name in self._storage.listdir("backups")[0] if NAME.fullmatch(name))

    def _listed(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Names below the place's own prefix, and sizes."""
        with said(), self._storage.in_our_words(prefix):
            place = self._storage._normalize_name(prefix)
            before = len(place) - len(prefix)
            for found in self._storage.bucket.objects.filter(Prefix=place):
                yield found.key[before:], str(found.size)


class _Raw(io.RawIOBase):
    """What comes from S3, as a file that is read once."""

    def __init__(self, stream: Any) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with said():
            piece = self._stream.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


@contextmanager
def said() -> Iterator[None]:
    try:
        yield
    except Unavailable as error:
        raise BackupError("console-backup-s3", detail=error.values.get("detail", "")) from error


def _digest(path: Path, algorithm: str, progress: Progress) -> str:
    digest, done = hashlib.new(algorithm), 0
    with path.open("rb", buffering=0) as stream:
        while piece := stream.read(MIB):
            digest.update(piece)
            done += len(piece)
            progress(done)
    return digest.hexdigest()
