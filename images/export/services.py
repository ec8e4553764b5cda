"""Export: the disk of an image becomes a file in a bucket."""

from images.export.jobs import ExportImage
from images.export.rules import (
    EXPORT_BYTES_FACTS,
    EXPORT_FACTS,
    can_export,
    can_export_as,
    can_export_into,
    export_bytes,
)
from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import explain, service
from imsconsole.cloud.buckets.expected import expect_object
from imsconsole.cloud.models import Bucket
from imsconsole.cloud.stored.rows import use_stored
from imsconsole.core.errors import NotFound
from imsconsole.core.ids import new_id
from imsconsole.core.locks import locked
from imsconsole.jobs.quotas import lock_project
from imsconsole.jobs.start import start_job


@service("exportImage")
def export_image(image: Image, *, bucket: Bucket, key: str, format: str, actor: Actor) -> Image:
    """Write the image's disk to the object `key`; a job does the work, and until then nothing is seen there.

    Raises Refused, NotFound (of the bucket), Conflict.
    """
    lock_project(actor.project)
    images = Image.objects.with_facts(actor, *EXPORT_FACTS, *EXPORT_BYTES_FACTS)
    image = locked(images.select_related("os_version", "key"), image.pk)
    can_export(image, actor).require()
    can_export_as(image, format).require()
    held = locked(Bucket.objects.visible_to(actor), bucket.pk, gone=NotFound("bucket-gone"))
    can_export_into(image, held, key, format, actor).require()
    expected = expect_object(new_id(), bucket=held, key=key, user=actor.user)
    job = start_job(
        ExportImage,
        image,
        actor=actor,
        reserves={"bucket_bytes": export_bytes(image, format)},
        object=str(expected.pk),
        bucket=str(held.pk),
        key=key,
        format=format,
    )
    use_stored(job, image.disks.all())
    return explain(image, f"{held.name}/{key}")
