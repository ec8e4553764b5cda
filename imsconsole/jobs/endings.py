"""What a job's end leaves: a row in the trail when it failed, and a message to who started it."""

from dataclasses import replace
from datetime import timedelta

from imsconsole.accounts.actor import service_actor
from imsconsole.accounts.log import explain, record
from imsconsole.accounts.models import User
from imsconsole.audit.models import Event
from imsconsole.core.sentences import explained, translated
from imsconsole.jobs.models import Job
from imsconsole.notifications.models import Message
from imsconsole.notifications.send import send

LONG = timedelta(seconds=30)  # until then one is still looking at the page that shows it


def tell_ending(job: Job) -> None:
    """Tell of every job that failed, and of a long one that is done; in the transaction that ends it."""
    if job.state == Job.State.FAILED:
        _record_failure(job)
        if job.user:
            _send_failure(job, job.user)
    elif job.state == Job.State.DONE and job.user and _was_long(job):
        _send_success(job, job.user)


def _was_long(job: Job) -> bool:
    return job.finished_at is not None and job.finished_at - job.created_at >= LONG


def _record_failure(job: Job) -> None:
    """What the service that started it could not know yet."""
    if job.project is None:
        return
    actor = replace(service_actor(job.project), user=job.user)
    why = explained(job.error_code, job.error_values)
    record("runJob", actor, [explain(job, why, result=Event.Result.INCIDENT, code=job.error_code)])


def _send_failure(job: Job, user: User) -> None:
    why = explained(job.error_code, job.error_values)
    send(
        "job-failed",
        to=[user],
        values={"job": translated(job.title), "name": job.subject_name, "why": why},
        level=Message.Level.ERROR,
        project=job.project,
        subject=("job", job.pk),
    )


def _send_success(job: Job, user: User) -> None:
    send(
        "job-finished",
        to=[user],
        values={"job": translated(job.title), "name": job.subject_name},
        level=Message.Level.SUCCESS,
        project=job.project,
        subject=(job.subject_kind, job.subject_id),
    )
