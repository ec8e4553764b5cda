"""What the queue runs: it only wakes a job up."""

import os
import socket

from django_tasks import task

from imsconsole.jobs.concurrency import next_in_line
from imsconsole.jobs.runner import run_job


@task(queue_name="bulk")
def wake(job_id: str) -> None:
    """Run the job, if nobody else does and it is its turn; then wake who waited for its place."""
    run_job(job_id, holder=f"{socket.gethostname()}-{os.getpid()}"[:64])
    if (following := next_in_line(job_id)) is not None:
        wake.using(queue_name=following.queue).enqueue(str(following.pk))
