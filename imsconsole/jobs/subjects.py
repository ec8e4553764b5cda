"""From a job's subject to its page, which is a higher room's: through its URL name."""

from django.urls import NoReverseMatch, reverse

from imsconsole.jobs.models import Job

PAGES = {"image": "images:detail", "server": "servers:detail"}


def subject_url(job: Job) -> str:
    """The address of the subject's page; empty when it has none."""
    try:
        return reverse(PAGES[job.subject_kind], args=[job.subject_id])
    except (KeyError, NoReverseMatch):
        return ""
