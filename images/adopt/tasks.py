"""What the queue runs: looks at what the cloud of a region offers to everybody."""

from django.db import transaction
from django_tasks import task

from images.adopt.rows import described
from images.models import CloudImage, ImageDisk
from images.verify.damage import GONE, record_bad, record_good
from imsconsole.accounts.models import Region
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import StoredBytes
from imsconsole.core.contention import retried
from imsconsole.core.errors import ImsError, NotFound, Unsupported
from imsconsole.core.locks import locked
from imsconsole.core.now import now
from imsconsole.engine.api import Shared
from imsconsole.engine.types import PublicImage, StoredDisk


@task(queue_name="quick")
def look_for_public_images(code: str) -> None:
    """Write what is offered there. A cloud that does not answer is asked at another time: what is known of it stays."""
    engine = engine_for(code)
    if not isinstance(engine, Shared):
        return
    try:
        there = {image.cloud_id: (image, _stored(engine, image)) for image in engine.public_images()}
    except ImsError:
        return
    note_public_images(Region.objects.get(pk=code), there)


def _stored(engine: Shared, image: PublicImage) -> StoredDisk | None:
    """None of one that cannot be offered as it is, or has gone since. Raises Unavailable."""
    try:
        return engine.adopt(image.cloud_id)
    except (Unsupported, NotFound):
        return None


@retried
@transaction.atomic
def note_public_images(region: Region, there: dict[str, tuple[PublicImage, StoredDisk | None]]) -> None:
    """Rows of what is there; what is gone is forgotten, or, where it was offered, nobody can use it as long as it is."""
    locked(Region.objects.all(), region.pk)
    rows = {row.cloud_id: row for row in CloudImage.objects.filter(region=region).select_related("image")}
    new = there.keys() - rows.keys()
    CloudImage.objects.bulk_create(
        CloudImage(region=region, cloud_id=each, **described(*there[each])) for each in sorted(new)
    )
    for cloud_id, row in rows.items():
        if cloud_id in there:
            _is_there(row, *there[cloud_id])
        elif row.is_adopted:
            _is_gone(row)
        else:
            row.delete()


def _is_there(row: CloudImage, image: PublicImage, stored: StoredDisk | None) -> None:
    CloudImage.objects.filter(pk=row.pk).update(gone_at=None, **described(image, stored))
    if row.gone_at:
        for each in _bytes(row):
            record_good(each, ())


def _is_gone(row: CloudImage) -> None:
    if row.gone_at is None:
        CloudImage.objects.filter(pk=row.pk).update(gone_at=now())
        for each in _bytes(row):
            record_bad(each, (), GONE)


def _bytes(row: CloudImage) -> list[StoredBytes]:
    disks = ImageDisk.objects.filter(image=row.image_id).exclude(stored=None)
    return [disk.stored for disk in disks if disk.stored]
