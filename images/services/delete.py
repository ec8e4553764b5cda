"""Deleting an image."""

from images.jobs_delete import DeleteImage
from images.models import Image
from images.rules.delete import can_delete
from imsconsole.accounts.actor import Actor
from imsconsole.audit.trail import service
from imsconsole.core.now import now
from imsconsole.jobs.start import start_job


@service("deleteImage")
def delete_image(image: Image, *, actor: Actor) -> Image:
    """Delete an image for good: it is gone at once, a job removes its bytes. The row stays for the lineage.

    Raises Refused. Servers made from it run on.
    """
    Image.objects.select_for_update(no_key=True).get(pk=image.pk)
    image = Image.objects.with_facts(actor).get(pk=image.pk)
    can_delete(image, actor).require()
    image.status, image.deleted_at, image.updated_at = Image.Status.DELETED, now(), now()
    image.save(update_fields=["status", "deleted_at", "updated_at"])
    if image.disks.exclude(ref="").exists():
        start_job(DeleteImage, image, actor=actor)
    return image
