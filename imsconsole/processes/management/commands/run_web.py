"""manage.py run_web: the web server alone."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connections

from images.verify.orphans import remove_scraps
from imsconsole.core.counting import keep_counts
from imsconsole.jobs.hosts import this_host
from imsconsole.processes.web import WebServer, listen_for_web


class Command(BaseCommand):
    help = "Serve the pages of the console at IMS_BIND and IMS_PORT. Any number of hosts may, on PostgreSQL and S3."

    def handle(self, *args: Any, **options: Any) -> None:
        web = listen_for_web()
        with this_host():
            remove_scraps()
            connections.close_all()  # gunicorn forks
            keep_counts("web")
            WebServer(web, grace_s=settings.IMS_GRACE_S).run()
