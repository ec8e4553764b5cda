"""The spools of the console."""

from pathlib import Path

from django.conf import settings

from imsconsole.cloud.spool.folder import FolderSpool
from imsconsole.cloud.spool.shared import SharedSpool


def uploads() -> FolderSpool | SharedSpool:
    """Files on their way in, by their uploads."""
    return shared_uploads() if is_shared() else FolderSpool(Path(settings.UPLOAD_DIR))


def shared_uploads() -> SharedSpool:
    return SharedSpool("uploads")


def downloads() -> FolderSpool | SharedSpool:
    """Images that were prepared for download in another format, by their downloads."""
    return SharedSpool("downloads") if is_shared() else FolderSpool(Path(settings.DOWNLOAD_DIR))


def is_shared() -> bool:
    """Whether any host may take up what another one has put down."""
    return bool(settings.IMS_SPOOL == "s3")
