"""manage.py run_screens: the bridge between browsers and the screens of servers."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from imsconsole.cloud.screens.bridge import listen_for_screens, serve_screens
from imsconsole.core.counting import keep_counts
from imsconsole.core.schema import refuse_other_version


class Command(BaseCommand):
    help = "Serve the screens of this host's servers to browsers (WebSocket), beside the console."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bind", default=settings.IMS_BIND, help="the address to listen on")
        parser.add_argument("--port", type=int, default=settings.IMS_SCREEN_PORT)

    def handle(self, *args: Any, bind: str, port: int, **options: Any) -> None:
        refuse_other_version()
        line = listen_for_screens(bind, port)
        keep_counts("screens")
        serve_screens(line)
