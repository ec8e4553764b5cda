"""manage.py serve: the whole console on one host."""

from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from imsconsole.cloud.screens.bridge import listen_for_screens, serve_screens
from imsconsole.jobs.hosts import this_host
from imsconsole.processes.supervisor import Child, supervise
from imsconsole.processes.web import WebServer, listen_for_web
from imsconsole.processes.workers import workers


class Command(BaseCommand):
    help = "Serve the pages, run the workers and the clock, and the bridge to the screens; restart what dies."

    def handle(self, *args: Any, **options: Any) -> None:
        web = listen_for_web()
        screens = listen_for_screens(settings.IMS_BIND, settings.IMS_SCREEN_PORT)
        with this_host():
            supervise(
                [
                    Child("web", lambda: WebServer(web).run(), web),
                    Child("screens", partial(serve_screens, screens), screens),
                    *workers(),
                ]
            )
