"""The spools of the console."""

from pathlib import Path

from django.conf import settings

from imsconsole.cloud.spool.folder import FolderSpool
from imsconsole.cloud.spool.spool import Spool


def uploads() -> Spool:
    """Files on their way in, by their uploads."""
    return FolderSpool(Path(settings.UPLOAD_DIR))


def downloads() -> Spool:
    """Images that were prepared for download in another format, by their downloads."""
    return FolderSpool(Path(settings.DOWNLOAD_DIR))
