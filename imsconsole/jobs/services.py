"""Cancelling and retrying jobs."""

from typing import Any

from imsconsole.accounts.actor import Actor, Operator
from imsconsole.accounts.log import service
from imsconsole.core.locks import locked
from imsconsole.core.now import now
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import lock_project, reserve
from imsconsole.jobs.rules import can_cancel, can_retry
from imsconsole.jobs.start import claim_subject, wake_job


@service("cancelJob")
def cancel_job(job: Job, *, actor: Actor | Operator) -> Job:
    """Ask a live job to stop; what it made is removed. One that never began ends at once."""
    job = locked(Job.objects.all(), job.pk)
    can_cancel(job, actor).require()
    job.cancel_requested = True
    job.save(update_fields=["cancel_requested"])
    if job.state == Job.State.QUEUED and not job.attempt:
        _end_unbegun(job)
    return job


def _end_unbegun(job: Job) -> None:
    job.state, job.error_code, job.finished_at = Job.State.CANCELLED, "cancelled", now()
    job.save(update_fields=["state", "error_code", "finished_at"])
    job.job_kind.settle(job, job.state)
    job.reservations.all().delete()


@service("retryJob")
def retry_job(job: Job, *, actor: Actor | Operator) -> Job:
    """Run a failed job again, from the step that failed. What it reserves is reserved again.

    Locks in the order of everybody else: the job, the project (as a worker does), the subject, and only
    then the claim that the job is live, for which others wait who hold the subject. Raises Refused, Conflict.
    """
    job = locked(Job.objects.all(), job.pk)
    if job.quota_project:
        lock_project(job.quota_project)
    can_retry(job, actor).require()
    job.past_errors.append(_error(job))
    fresh = {
        "outcome": "",
        "error_code": "",
        "error_values": {},
        "deaths": 0,
        "cancel_requested": False,
        "put_offs": 0,
    }
    fresh |= {"bytes_done": 0, "bytes_total": 0, "started_at": None, "finished_at": None}
    fresh |= {"state": Job.State.QUEUED}
    for name, value in fresh.items():
        setattr(job, name, value)
    job.job_kind.resume(job)
    claim_subject(job, update_fields=[*fresh, "past_errors"])
    reserve(job)
    wake_job(job)
    return job


def _error(job: Job) -> dict[str, Any]:
    """The error a job ended with, as it is kept."""
    at = job.finished_at.isoformat() if job.finished_at else ""
    return {"at": at, "step": job.step, "code": job.error_code, "values": job.error_values}
