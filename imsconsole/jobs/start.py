"""Starting jobs from services, and waking them."""

import logging
from typing import Any

from django.db import IntegrityError, models, transaction

from imsconsole.accounts.actor import Actor
from imsconsole.core.errors import Conflict
from imsconsole.core.now import now
from imsconsole.jobs.kinds import JobKind
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import reserve
from imsconsole.jobs.tasks import wake

logger = logging.getLogger(__name__)


@transaction.atomic
def start_job(
    kind: type[JobKind],
    subject: models.Model,
    *,
    actor: Actor,
    reserves: dict[str, int] | None = None,
    **args: Any,
) -> Job:
    """Start long work about `subject` in the caller's transaction, which its service's audit row covers.

    Raises Conflict when other work holds the subject, Refused when `reserves` exceeds the quota.
    """
    job = Job(
        kind=kind.kind,
        path=kind.path(),
        queue=kind.queue_for(args),
        project=actor.project,
        target=kind.target_of(subject),
        user=actor.user,
        subject_kind=subject._meta.model_name or "",
        subject_id=subject.pk,
        subject_name=str(subject)[:255],
        reserves=reserves or {},
        args=args,
    )
    claim_subject(job, force_insert=True)
    reserve(job)
    wake_job(job)
    transaction.on_commit(lambda: _tell(job))
    return job


def _tell(job: Job) -> None:
    """From the line of the request that started it to the lines of its worker."""
    logger.info("%s was started", job.log_name, extra={"job_id": str(job.pk)})


def claim_subject(job: Job, **how: Any) -> None:
    """Save the live job; the constraint decides who of two at once holds the subject. Raises Conflict."""
    try:
        with transaction.atomic():
            job.save(**how)
    except IntegrityError as error:
        if Job.objects.live().about(job.subject_id).exists():
            raise Conflict("subject-busy", name=job.subject_name) from error
        raise


def wake_job(job: Job) -> None:
    """Enqueue the library's task for a job; a surplus wake-up is harmless."""
    result = wake.using(queue_name=job.queue).enqueue(str(job.pk))
    Job.objects.filter(pk=job.pk).update(task_id=str(result.id), woken_at=now())
