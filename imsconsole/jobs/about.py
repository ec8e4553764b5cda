"""What the page of a thing says of the jobs about it."""

from typing import Any

from imsconsole.accounts.actor import Actor
from imsconsole.core.actions import offered
from imsconsole.jobs.actions import JOB_ACTIONS
from imsconsole.jobs.models import Job, JobQuerySet

SHOWN = 20  # the latest


def latest_jobs(jobs: JobQuerySet, actor: Actor) -> dict[str, Any]:
    """The context of `jobs/_card.html` and `jobs/_latest.html`: a job failed if none was started after it."""
    shown = list(jobs.select_related("user")[:SHOWN])
    failed = shown[0] if shown and shown[0].state == Job.State.FAILED else None
    return {
        "jobs": shown,
        "live_job": next((job for job in shown if job.is_live), None),
        "failed_job": failed,
        "retry": offered(JOB_ACTIONS, failed, actor) if failed else None,
    }
