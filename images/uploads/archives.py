"""An archive becomes the uploads of its disks: each shares the archive's file and knows its part of it.

So each is imported, discarded and expires by itself, and the bytes go with the last; none is copied.
"""

from django.db.models import Q, QuerySet

from images.models import Upload
from images.models.upload import kept_until
from images.uploads.found import disks_in, from_json, to_json
from images.uploads.rules import is_idle
from imsconsole.cloud.spool.kinds import uploads
from imsconsole.core.locks import locked_all
from imsconsole.engine.types import Found

NAME_LENGTH = 255


def unfilled(upload: Upload) -> QuerySet[Upload]:
    """The rows beside it that wait for their bytes."""
    return _others(upload).filter(state=Upload.State.RECEIVING)


def _others(upload: Upload) -> QuerySet[Upload]:
    return Upload.objects.filter(archive=upload.pk).exclude(pk=upload.pk)


def drop_disks(upload: Upload) -> None:
    """Remove what was made beside an upload that is taken back, but for what has become an image's."""
    for other in _others(upload):
        if is_idle(other):
            uploads().discard(other.pk)
            other.delete()


def begin_disks(upload: Upload, found: Found) -> None:
    """Make the rows of all disks but the first, which is the upload's own; committed before `fill`: rows come before files."""
    if not found.disks:
        return
    unfilled(upload).delete()
    Upload.objects.bulk_create(
        Upload(
            project_id=upload.project_id,
            user_id=upload.user_id,
            name=f"{upload.name}: {disk.part.name}"[-NAME_LENGTH:],
            origin=upload.origin,
            archive=upload.pk,
            size_bytes=0,
            found=to_json(disk),
            expires_at=kept_until(),
        )
        for disk in disks_in(found)[1:]
        if disk.part
    )


def fill(upload: Upload, found: Found) -> bool:
    """In a transaction: the upload is complete, and so are those beside it. False when it is no longer there."""
    own, waits = Q(pk=upload.pk), Q(archive=upload.pk, state=Upload.State.RECEIVING)
    for row in locked_all(Upload.objects.filter(own | waits)):
        if row.pk != upload.pk:
            uploads().share(upload.pk, row.pk)
            _complete(row, from_json(row.found), found.size_bytes)
    upload.archive = upload.pk if found.disks else None
    return _complete(upload, disks_in(found)[0], found.size_bytes)


def _complete(upload: Upload, found: Found, received_bytes: int) -> bool:
    """`size_bytes` is what counts of the quota: the part's own of an archive's."""
    upload.state, upload.found, upload.expires_at = Upload.State.COMPLETE, to_json(found), kept_until()
    upload.size_bytes, upload.received_bytes = found.size_bytes, received_bytes
    kept = {name: getattr(upload, name) for name in FILLED}
    return bool(Upload.objects.filter(pk=upload.pk).update(**kept))


def beside(upload: Upload) -> QuerySet[Upload]:
    """The other disks of its archive that are here still, in their order."""
    others = Upload.objects.filter(archive=upload.archive, state=Upload.State.COMPLETE)
    return others.filter(archive__isnull=False, user=upload.user_id).exclude(pk=upload.pk).order_by("pk")


FILLED = ("state", "found", "expires_at", "size_bytes", "received_bytes", "archive")
