"""IDs of rows: UUIDs that begin with the time (UUIDv7, RFC 9562), so that what is made together lies together in every index.

With random ones each new row changes a page of its own in each of them: half of what PostgreSQL writes to its log.
"""

import secrets
import time
from uuid import UUID


def new_id() -> UUID:
    """48 bits of milliseconds, 12 of the fraction below, 62 of chance."""
    ms, ns = divmod(time.time_ns(), 1_000_000)
    head = ms << 16 | 7 << 12 | ns * 4096 // 1_000_000
    return UUID(int=head << 64 | 0b10 << 62 | secrets.randbits(62))
