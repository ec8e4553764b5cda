"""What becomes of files that were made to be downloaded."""

from datetime import timedelta

from django.db.models import Q

from images.models import Download, Image
from imsconsole.cloud.spool.kinds import downloads
from imsconsole.core.now import now
from imsconsole.core.periodic import Periodic


def expire_downloads() -> None:
    """Remove those whose time is over, and those of images that are no more."""
    gone = Q(image__status__in=[Image.Status.TRASHED, Image.Status.DELETED])
    over = Download.objects.filter(Q(expires_at__lt=now()) | gone)
    for download in over.exclude(state=Download.State.PREPARING):
        downloads().discard(download.pk)
        download.delete()


PERIODIC = (Periodic("images.expire_downloads", timedelta(minutes=10), expire_downloads),)
