"""Telling the person who started a job how it ended."""

from datetime import timedelta

from imsconsole.jobs.models import Job
from imsconsole.notifications.models import Message
from imsconsole.notifications.send import send
from imsconsole.notifications.values import explained, translated

LONG = timedelta(seconds=30)  # until then one is still looking at the page that shows it


def tell_ending(job: Job) -> None:
    """A message about every job that failed, and about a long one that is done; in the transaction that ends it."""
    if job.user is None:
        return
    values = {"job": translated(job.title), "name": job.subject_name}
    if job.state == Job.State.FAILED:
        values["why"] = explained(job.error_code, job.error_values)
        send(
            "job-failed",
            to=[job.user],
            values=values,
            level=Message.Level.ERROR,
            project=job.project,
            subject=("job", job.pk),
        )
    elif job.state == Job.State.DONE and job.finished_at and job.finished_at - job.created_at >= LONG:
        send(
            "job-finished",
            to=[job.user],
            values=values,
            level=Message.Level.SUCCESS,
            project=job.project,
            subject=(job.subject_kind, job.subject_id),
        )
