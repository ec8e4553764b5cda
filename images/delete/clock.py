"""What the clock does about deleted images: nobody looks after an image that is gone."""

import logging
from datetime import timedelta
from typing import cast

from images.delete.jobs import DeleteImage
from images.delete.services import delete_due_image, purge_image
from images.models import Image, ImageDisk
from imsconsole.accounts.actor import service_actor
from imsconsole.accounts.models import Project
from imsconsole.core.errors import Conflict, NotFound
from imsconsole.core.now import now
from imsconsole.core.periodic import Periodic
from imsconsole.core.rules import Refused
from imsconsole.jobs.models import Job
from imsconsole.jobs.services import retry_job

logger = logging.getLogger(__name__)


def delete_due_images() -> None:
    """Delete what its owner named a day for. What is busy or protected by then waits for the next run."""
    for image in Image.objects.due_for_deletion().select_related("project__account", "project__region"):
        try:
            delete_due_image(image, actor=service_actor(cast(Project, image.project)))
        except (Refused, NotFound) as error:
            logger.info("Image %s is due but not deleted yet, and is tried again: %s", image.pk, error)


def empty_trashes() -> None:
    """Delete for ever what has been in a trash for its time. What is busy waits for the next run."""
    due = Image.objects.filter(status=Image.Status.TRASHED, kept_until__lte=now())
    for image in due.select_related("project__account", "project__region").order_by("kept_until"):
        try:
            purge_image(image, actor=service_actor(cast(Project, image.project)))
        except (Refused, Conflict) as error:
            logger.info("Image %s is due but stays in the trash, and is tried again: %s", image.pk, error)


def finish_deletions() -> None:
    """Retry every failed deletion whose image still has bytes."""
    left = ImageDisk.objects.filter(image__status="deleted").exclude(stored=None).values("image")
    failed = Job.objects.filter(kind=DeleteImage.kind, state=Job.State.FAILED, subject_id__in=left)
    for job in failed.exclude(project=None).select_related("project__account", "project__region"):
        try:
            retry_job(job, actor=service_actor(cast(Project, job.project)))
        except (Refused, Conflict) as error:
            logger.info(
                "Bytes of deleted image %s are not removed yet, and are tried again: %s",
                job.subject_id,
                error,
            )


PERIODIC = (
    Periodic("images.delete_due", timedelta(minutes=1), delete_due_images),
    Periodic("images.empty_trashes", timedelta(minutes=10), empty_trashes),
    Periodic("images.finish_deletions", timedelta(hours=6), finish_deletions),
)
