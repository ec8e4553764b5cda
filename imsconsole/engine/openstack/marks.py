"""What of a cloud is ours: metadata on everything that we make, and the references that come of it.

A reference is `<our ID>.<the cloud's ID>`: of a stored disk that of its Glance image, of a disk that of its volume, of a
server that of its port, which outlives all its machines.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from imsconsole.core.errors import NotFound
from imsconsole.engine.refs import CLOUD_REF
from imsconsole.engine.types import Mark

CONSOLE, KIND, ID, TOKEN = "ims_console", "ims_kind", "ims_id", "ims_token"
SERVER = "ims_server"  # of a volume: the server that has it
IMAGE = "ims_image"  # of an image: its own ID, as images inherit all else from what they were made of
FORMAT, SIZE, CHECKSUM = "ims_format", "ims_virtual_bytes", "ims_checksum"  # of an image, as of `StoredDisk`
STORED, DISK, SYSTEM, CD, MACHINE, PORT = "stored", "disk", "system", "cd", "server", "port"
WORK = "work"  # what only a verb needs while it runs: snapshots and twins of a capture
ATTEMPT = re.compile(r"[0-9a-f]{32}-(\d+)-")  # in the token of a job

T = TypeVar("T")


def marked(console: str, kind: str, id: UUID, token: str, **more: str) -> dict[str, str]:
    """The metadata of a thing we make; all values are words."""
    return {CONSOLE: console, KIND: kind, ID: str(id), TOKEN: token, **more}


def is_ours(found: Mapping[str, object], console: str, *kinds: str) -> bool:
    """Whether metadata say that this console made it, as one of these kinds."""
    return found.get(CONSOLE) == console and (not kinds or found.get(KIND) in kinds)


def mark_of(found: Mapping[str, object]) -> Mark:
    return Mark(UUID(str(found[ID])), str(found.get(TOKEN, "")))


def moment_of(said: object) -> datetime | None:
    """A time as a cloud writes it: ISO 8601, in UTC where it does not say."""
    try:
        at = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def ref_of(id: UUID | str, cloud_id: str) -> str:
    return f"{id}.{cloud_id}"


def parts_of(ref: str) -> tuple[UUID, str]:
    """Our ID and the cloud's. Raises NotFound when it is no reference of ours."""
    if not (found := CLOUD_REF.fullmatch(ref)):
        raise NotFound("no-such-bytes", ref=ref)
    return UUID(found[1]), found[2]


def newest_first(things: Iterable[tuple[str, T]]) -> list[T]:
    """Things with the tokens that made them: that of the highest attempt goes on, the others are removed."""
    return [thing for _, thing in sorted(things, key=lambda each: attempt_of(each[0]), reverse=True)]


def attempt_of(token: str) -> int:
    """Which attempt of its job a token is of; zero where that is not said."""
    found = ATTEMPT.match(token)
    return int(found[1]) if found else 0
