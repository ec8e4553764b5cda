"""What becomes of uploads that nobody turned into an image."""

from images.models import Upload
from images.uploads.rules import is_idle
from imsconsole.core.now import now


def expire_uploads() -> None:
    """Remove uploads on which nothing has happened for IMS_UPLOAD_KEPT_HOURS."""
    for upload in Upload.objects.filter(expires_at__lt=now()):
        if is_idle(upload):
            upload.path.unlink(missing_ok=True)
            upload.delete()
