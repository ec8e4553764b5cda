"""manage.py run_web: the web server alone."""

from typing import Any

from django.core.management.base import BaseCommand

from imsconsole.processes.web import WebServer, listen_for_web


class Command(BaseCommand):
    help = "Serve the pages of the console at IMS_BIND and IMS_PORT. Any number of hosts may."

    def handle(self, *args: Any, **options: Any) -> None:
        WebServer(listen_for_web()).run()
