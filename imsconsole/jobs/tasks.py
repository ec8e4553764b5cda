"""What the queue runs: it only wakes a job up."""

import os
import socket

from django_tasks import task

from imsconsole.jobs.runner import run_job


@task(queue_name="bulk")
def wake(job_id: str) -> None:
    """Run the job, if nobody else does."""
    run_job(job_id, holder=f"{socket.gethostname()}-{os.getpid()}"[:64])
