"""Hash and inspection of unfinished uploads, kept in this process between two requests of one upload.

A SHA-256 half-way can be kept in memory only. So while one process takes all of a file, every byte is
hashed once; after a restart, or when another process goes on, what this process has not seen is read again.
"""

import threading
from collections import OrderedDict
from uuid import UUID

from imsconsole.engine.inspection import Inspector

KEPT = 8  # an inspector holds about 6 MiB

_kept: OrderedDict[UUID, Inspector] = OrderedDict()
_lock = threading.Lock()


def take_inspector(upload_id: UUID) -> Inspector | None:
    """The inspector of an upload, no longer kept here. Only for who holds the upload's lock."""
    with _lock:
        return _kept.pop(upload_id, None)


def keep_inspector(upload_id: UUID, inspector: Inspector) -> None:
    """Keep an inspector that has seen exactly what counts of the file; the oldest gives way."""
    with _lock:
        _kept[upload_id] = inspector
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
