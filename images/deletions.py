"""Deletions that failed: nobody looks after an image that is gone, so the clock does."""

import logging
from typing import cast

from images.jobs_delete import DeleteImage
from images.models import ImageDisk
from imsconsole.accounts.actor import service_actor
from imsconsole.accounts.models import Project
from imsconsole.core.errors import Conflict
from imsconsole.core.rules import Refused
from imsconsole.jobs.models import Job
from imsconsole.jobs.services import retry_job

logger = logging.getLogger(__name__)


def finish_deletions() -> None:
    """Retry every failed deletion whose image still has bytes."""
    left = ImageDisk.objects.filter(image__status="deleted").exclude(ref="").values("image")
    failed = Job.objects.filter(kind=DeleteImage.kind, state=Job.State.FAILED, subject_id__in=left)
    for job in failed.exclude(project=None).select_related("project__account", "project__region"):
        try:
            retry_job(job, actor=service_actor(cast(Project, job.project)))
        except (Refused, Conflict) as error:
            logger.info("image %s is deleted later: %s", job.subject_id, error)
