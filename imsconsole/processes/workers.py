"""The workers of both queues, and the clock."""

import os
import socket
import time
from functools import partial

from django.conf import settings
from django.core.management import call_command
from django_tasks_db.management.commands import db_worker

from imsconsole.jobs.management.commands import run_clock
from imsconsole.processes.supervisor import Child


def workers() -> list[Child]:
    queues = ["quick"] * settings.IMS_QUICK_WORKERS + ["bulk"] * settings.IMS_BULK_WORKERS
    return [
        *(
            Child(f"{queue}-{number}", partial(_work, queue, f"{queue}-{number}"))
            for number, queue in enumerate(queues)
        ),
        Child("clock", partial(call_command, run_clock.Command())),
    ]


def _work(queue: str, name: str) -> None:
    call_command(
        db_worker.Command(),
        queue_name=queue,
        interval=0.5,
        startup_delay=False,
        reload=False,
        verbosity=0,
        worker_id=f"{socket.gethostname()[:24]}-{os.getpid()}-{name}-{time.time_ns()}"[:64],
    )
