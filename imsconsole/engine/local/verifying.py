"""Are stored bytes still what they were, and who rests on them?"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from imsconsole.engine.local.machine import CD
from imsconsole.engine.local.store import BASE, Store
from imsconsole.engine.types import MIB

PIECE = 4 * MIB


def resting_on(store: Store, ref: str) -> frozenset[str]:
    """Every system disk on the stored file, as base or as the server's CD."""
    file = store.stored(ref).stat()
    if file.st_nlink == 1:
        return frozenset()
    return frozenset(
        name
        for name in store.system_refs()
        if _is(store.servers / name / BASE, file) or _is((store.servers / name).with_name(CD), file)
    )


def _is(path: Path, file: os.stat_result) -> bool:
    try:
        return os.path.samestat(path.stat(), file)
    except FileNotFoundError:
        return False


def digest_on_disk(path: Path, algorithm: str, progress: Callable[[int], None]) -> str:
    """As it is on the medium, not in memory, and without pushing out of memory what others need.

    Bytes that a guest runs from are left in memory: then what is read may be what was read before.
    """
    digest, done = hashlib.new(algorithm), 0
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
