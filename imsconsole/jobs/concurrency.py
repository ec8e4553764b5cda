"""Kinds of work of which an account has only some at once: the others wait in line, and hold no worker."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from imsconsole.accounts.models import Account
from imsconsole.core.locks import locked
from imsconsole.jobs.models import Job


@contextmanager
def line_of(job_id: str) -> Iterator[bool]:
    """Whether it is a job's turn; whoever else of its account asks waits until the answer was acted on."""
    job = Job.objects.select_related("project").filter(pk=job_id, state=Job.State.QUEUED).first()
    most = _most(job) if job else 0
    if job is None or job.project is None or not most:
        yield True
        return
    with transaction.atomic():
        locked(Account.objects.all(), job.project.account_id)
        yield job.ahead() < most


def next_in_line(job_id: str) -> Job | None:
    """The job that waits for a place like the one this job had."""
    job = Job.objects.select_related("project").filter(pk=job_id).first()
    if job is None or job.project is None or job.state == Job.State.QUEUED or not _most(job):
        return None
    waiting = Job.objects.filter(kind=job.kind, project__account=job.project.account_id)
    return waiting.filter(state=Job.State.QUEUED).order_by("created_at").first()


def _most(job: Job) -> int:
    try:
        return job.job_kind.most_at_once()
    except ImportError:  # its kind is gone
        return 0
