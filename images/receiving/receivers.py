"""Which receiver takes the bytes of an upload."""

from images.models import Upload
from images.receiving.receiver import Receiver
from images.receiving.shared import End, SharedReceiver
from imsconsole.cloud.spool.kinds import is_shared

AnyReceiver = Receiver | SharedReceiver


def receiver_of(upload: Upload, end: End) -> AnyReceiver:
    """Raises Conflict (upload-busy, upload-ended), NotFound, BadImage, NoSpace."""
    return SharedReceiver(upload, end) if is_shared() else Receiver(upload)
