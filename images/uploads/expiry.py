"""What becomes of uploads that nobody turned into an image."""

from pathlib import Path

from django.conf import settings

from images.models import Upload
from images.uploads.rules import is_idle
from imsconsole.core.now import now


def work_dir() -> Path:
    """Where jobs keep their own links of what they read; names begin with the job's ID."""
    folder = Path(settings.DATA_DIR) / "work"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def expire_uploads() -> None:
    """Remove uploads on which nothing has happened for IMS_UPLOAD_KEPT_HOURS."""
    for upload in Upload.objects.filter(expires_at__lt=now()):
        if is_idle(upload):
            upload.path.unlink(missing_ok=True)
            upload.delete()
