"""What becomes of uploads that nobody turned into an image."""

from datetime import timedelta

from images.models import Upload
from images.uploads.rules import is_idle
from imsconsole.cloud.spool.kinds import uploads
from imsconsole.core.now import now
from imsconsole.core.periodic import Periodic


def expire_uploads() -> None:
    """Remove uploads on which nothing has happened for IMS_UPLOAD_KEPT_HOURS."""
    for upload in Upload.objects.filter(expires_at__lt=now()):
        if is_idle(upload):
            uploads().discard(upload.pk)
            upload.delete()


PERIODIC = (Periodic("images.expire_uploads", timedelta(minutes=10), expire_uploads),)
