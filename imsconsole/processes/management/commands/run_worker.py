"""manage.py run_worker: the workers of both queues and the clock; restarts those that die."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from imsconsole.jobs.hosts import this_host
from imsconsole.processes.supervisor import supervise
from imsconsole.processes.web import watched_alone
from imsconsole.processes.workers import workers


class Command(BaseCommand):
    help = "Run the workers of both queues and the clock, and restart those that die. Any number of hosts may, on PostgreSQL and S3."

    def handle(self, *args: Any, **options: Any) -> None:
        watched = watched_alone() if settings.IMS_METRICS_PORT else []
        with this_host():
            supervise([*workers(), *watched])
