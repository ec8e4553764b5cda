"""Things that go wrong on purpose.

`full_disk(limit_bytes)` needs no wrapper: no file of this process, nor of those it starts, grows beyond
the limit, and the system itself says so.
"""

import resource
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def full_disk(limit_bytes: int) -> Iterator[None]:
    """Nothing we or our children write goes beyond `limit_bytes` of a file (EFBIG, as ENOSPC would be)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
