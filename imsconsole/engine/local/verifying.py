"""Are stored bytes still what they were, and who else has the same ones?"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from imsconsole.engine.local.machine import CD
from imsconsole.engine.local.store import BASE, Store
from imsconsole.engine.types import MIB

PIECE = 4 * MIB


def same_bytes(store: Store, ref: str) -> frozenset[str]:
    """Every stored disk that is a link of the same file, and every system disk on it, as base or as the server's CD."""
    file = store.stored(ref).stat()
    if file.st_nlink == 1:
        return frozenset([ref])
    with os.scandir(store.images) as entries:
        stored = {entry.name for entry in entries if entry.inode() == file.st_ino}
    resting = {
        name
        for name in store.system_refs()
        if _is(store.servers / name / BASE, file) or _is((store.servers / name).with_name(CD), file)
    }
    return frozenset(stored | resting)


def _is(path: Path, file: os.stat_result) -> bool:
    try:
        return os.path.samestat(path.stat(), file)
    except FileNotFoundError:
        return False


def sha256_on_disk(path: Path, progress: Callable[[int], None]) -> str:
    """As it is on the medium, not in memory, and without pushing out of memory what others need.

    Bytes that a guest runs from are left in memory: then what is read may be what was read before.
    """
    digest, done = hashlib.sha256(), 0
    with path.open("rb", buffering=0) as stream:
        number = stream.fileno()
        forget = os.fstat(number).st_nlink == 1
        os.posix_fadvise(number, 0, 0, os.POSIX_FADV_NOREUSE)
        if forget:
            os.posix_fadvise(number, 0, 0, os.POSIX_FADV_DONTNEED)
        while piece := stream.read(PIECE):
            digest.update(piece)
            if forget:
                os.posix_fadvise(number, done, len(piece), os.POSIX_FADV_DONTNEED)
            done += len(piece)
            progress(done)
    return digest.hexdigest()
