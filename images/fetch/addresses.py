"""What an address says of its file, and what a download of a user may do."""

from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from django.conf import settings

from images.public.policy import LIST_BYTES, LIST_SECONDS, limit_seconds
from images.receiving.limits import limit_file_bytes
from imsconsole.core.downloads import Policy
from imsconsole.core.paced import Pace

NAME_LENGTH = 255
FLOOR_S = 60
PAUSE_S = 1.0


def file_policy(max_bytes: int = 0) -> Policy:
    """Of the file: as much as may be imported, no more than `max_bytes` if there is one. Only hosts for users may be near."""
    limit = limit_file_bytes()
    return _policy(min(max_bytes, limit) if max_bytes else limit, limit_seconds())


def list_policy() -> Policy:
    """Of a list of checksums."""
    return _policy(LIST_BYTES, LIST_SECONDS)


def _policy(max_bytes: int, max_seconds: float) -> Policy:
    pace = Pace(floor_bytes=FLOOR_S * settings.IMS_SLOWEST_BYTES_S, floor_seconds=FLOOR_S)
    hosts, proxy = settings.IMS_IMPORT_HOSTS, settings.IMS_DOWNLOAD_PROXY
    return Policy(max_bytes, max_seconds, allowed_hosts=hosts, proxy=proxy, pace=pace, pause_seconds=PAUSE_S)


def name_in(url: str) -> str:
    """The file's name: the last part of the path, else the host."""
    parts = urlsplit(url)
    name = PurePosixPath(unquote(parts.path)).name or parts.hostname or "file"
    return "".join(letter for letter in name if letter.isprintable())[-NAME_LENGTH:]


def shown(url: str) -> str:
    """The address without what may be a secret in it (a signature): what others of the project may see."""
    return url.partition("?")[0].partition("#")[0]
