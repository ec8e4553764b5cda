"""Cancelling and retrying jobs."""

from imsconsole.accounts.actor import Actor
from imsconsole.audit.trail import service
from imsconsole.jobs.models import Job
from imsconsole.jobs.rules import can_cancel, can_retry
from imsconsole.jobs.start import wake_job


@service("cancelJob")
def cancel_job(job: Job, *, actor: Actor) -> Job:
    """Ask a live job to stop; what it made is removed."""
    job = Job.objects.select_for_update().get(pk=job.pk)
    can_cancel(job, actor).require()
    job.cancel_requested = True
    job.save(update_fields=["cancel_requested"])
    return job


@service("retryJob")
def retry_job(job: Job, *, actor: Actor) -> Job:
    """Run a failed job again, from the step that failed."""
    job = Job.objects.select_for_update().get(pk=job.pk)
    can_retry(job, actor).require()
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.QUEUED,
        outcome="",
        error_code="",
        error_values={},
        deaths=0,
        cancel_requested=False,
        finished_at=None,
        bytes_done=0,
        bytes_total=0,
    )
    job.refresh_from_db()
    job.job_kind.resume(job)
    wake_job(job)
    return job
