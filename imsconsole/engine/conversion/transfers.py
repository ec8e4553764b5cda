"""Stored disks of another region: brought piece by piece, gone on with where it was cut, compared at the end."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from imsconsole.core.checksums import checksum_text
from imsconsole.core.errors import BadImage, Unavailable
from imsconsole.core.folders import remove
from imsconsole.engine.conversion.hashing import PIECE_BYTES, Writer
from imsconsole.engine.conversion.scratch import Scratch, clone
from imsconsole.engine.types import Source, Work

TRIES = 5  # to go on after the connection was cut, without a byte in between
PAUSE_S = 0.2


@contextmanager
def brought(store: Scratch, disk_id: UUID, source: Source, checksum: str, work: Work) -> Iterator[Path]:
    """A file with all bytes of the source, which have that checksum. It stays, for who goes on later."""
    with _part(store, disk_id, work) as (path, file), store.room.kept(path, source.size_bytes):
        try:
            _bring(file, source, checksum, work)
        except (BadImage, OSError):
            remove(path)
            raise
        yield path


def _parts(store: Scratch, disk_id: UUID) -> list[Path]:
    return sorted(store.scraps.glob(f"part-{disk_id}-*"))


@contextmanager
def _part(store: Scratch, disk_id: UUID, work: Work) -> Iterator[tuple[Path, BinaryIO]]:
    """What earlier attempts brought, under this attempt's name and held by it alone."""
    path = store.scraps / f"part-{disk_id}-{work.token}"
    for found in _parts(store, disk_id):
        work.hold()
        if found != path:
            _take_over(found, path)
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.chmod(0o600)
        yield path, file


def _take_over(found: Path, path: Path) -> None:
    """Its file when nobody has it; of one that a stopped worker may still write to, what is in it now."""
    with found.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            remove(path)
            clone(found, path)
            remove(found)
        else:
            found.rename(path)


def _bring(file: BinaryIO, source: Source, checksum: str, work: Work) -> None:
    """Fill the file. What was there may have suffered since: then all of it is brought once more."""
    had = file.seek(0, 2)
    if had > source.size_bytes:
        had = file.truncate(0)
    algorithm, _colon, wanted = checksum.partition(":")
    brought = _filled(file, had, source, algorithm, work)
    if brought != wanted and had:
        file.truncate(0)
        brought = _filled(file, 0, source, algorithm, work)
    if brought != wanted:
        found = checksum_text(f"{algorithm}:{brought}")
        raise BadImage("transfer-differs", found=found, wanted=checksum_text(checksum))


def _filled(file: BinaryIO, had: int, source: Source, algorithm: str, work: Work) -> str:
    """Append what is missing; the checksum of all of it."""
    done, total, cut = 0, source.size_bytes, 0
    file.seek(0)
    with Writer(file, algorithm) as made:
        while done < had and (piece := file.read(min(PIECE_BYTES, had - done))):
            made.update(piece)
            done += len(piece)
            work.report(done, total)
        while done < total:
            before = done
            for piece in _pieces(source, done):
                made.write(piece)
                file.flush()
                done += len(piece)
                work.report(done, total)
            cut = 0 if done > before else cut + 1
            if cut == TRIES:
                raise Unavailable("transfer-cut", done=done, total=total)
            if done < total:
                time.sleep(PAUSE_S * cut)
        work.report(done, total)
        return made.hexdigest()


def _pieces(source: Source, offset: int) -> Iterator[bytes]:
    """The source from `offset` on, until it ends or is cut; never more than there is."""
    left = source.size_bytes - offset
    try:
        with source.open(offset) as stream:
            while left and (piece := stream.read(min(PIECE_BYTES, left))):
                left -= len(piece)
                yield piece
    except OSError:
        return
