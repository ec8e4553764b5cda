"""May a job be cancelled or retried?"""

from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor, Operator
from imsconsole.accounts.rules import may_write
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import fits_quota


def can_cancel(job: Job, actor: Actor | Operator) -> Verdict:
    """A live job can be cancelled until it ends or is being undone."""
    if not (verdict := may_write(actor)):
        return verdict
    if not job.is_live:
        return refuse("job-ended", _("The job has ended; there is nothing left to cancel."))
    if job.is_undoing:
        return refuse("job-undoing", _("The job is being undone already. Please wait until it has ended."))
    if job.cancel_requested:
        return refuse("job-cancelling", _("The job is being cancelled already. Please wait a moment."))
    if not job.job_kind.can_cancel:
        return refuse(
            "job-uncancellable", _("This job cannot be cancelled half-way. Please wait until it has ended.")
        )
    return ALLOWED


def can_retry(job: Job, actor: Actor | Operator) -> Verdict:
    """A failed job can be retried while nothing newer works on its subject and its quota still fits."""
    if not (verdict := may_write(actor)):
        return verdict
    if job.state != Job.State.FAILED:
        return refuse("job-not-failed", _("Only failed jobs can be retried."))
    if job.job_kind.is_final(job):
        return refuse(
            "job-final",
            _("It failed for what “%(name)s” is, so a retry would end alike. Begin anew with another one."),
            name=job.subject_name,
        )
    if Job.objects.about(job.subject_id).filter(created_at__gt=job.created_at).exists():
        return refuse(
            "job-superseded",
            _("Newer work on %(name)s has been started since. Retry that one instead."),
            name=job.subject_name,
        )
    if job.quota_project and job.reserves:
        return fits_quota(job.quota_project, job.reserves)
    return ALLOWED
