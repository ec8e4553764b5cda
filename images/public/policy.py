"""What downloads may do here: the settings as `core.downloads` wants them."""

from django.conf import settings

from images.receiving.limits import limit_file_bytes
from imsconsole.core.downloads import Policy
from imsconsole.engine.types import MIB

LIST_BYTES = 4 * MIB  # of a publisher's list of checksums
LIST_SECONDS = 60


def image_policy() -> Policy:
    return _policy(limit_file_bytes(), limit_seconds())


def list_policy() -> Policy:
    return _policy(LIST_BYTES, LIST_SECONDS)


def limit_seconds() -> float:
    """How long a download or a build may take."""
    return float(settings.IMS_DOWNLOAD_HOURS) * 3600


def _policy(max_bytes: int, max_seconds: float) -> Policy:
    return Policy(
        max_bytes, max_seconds, allowed_hosts=settings.IMS_DOWNLOAD_HOSTS, proxy=settings.IMS_DOWNLOAD_PROXY
    )
