"""manage.py run_screens: the bridge between browsers and the screens of servers."""

import asyncio
import signal
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from imsconsole.cloud.screens.bridge import Bridge


class Command(BaseCommand):
    help = "Serve the screens of this host's servers to browsers (WebSocket), beside the console."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1", help="the address to listen on")
        parser.add_argument("--port", type=int, default=settings.IMS_SCREEN_PORT)

    def handle(self, *args: Any, bind: str, port: int, **options: Any) -> None:
        try:
            asyncio.run(_serve(bind, port))
        except OSError as error:
            raise CommandError(
                f"The bridge to the screens cannot listen on {bind}:{port} ({error.strerror}). "
                f"Set IMS_SCREEN_PORT to a free port."
            ) from error


async def _serve(bind: str, port: int) -> None:
    """Until a signal: then everybody is told that the bridge goes away, and may come again."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    server = await Bridge().listen(bind, port)
    await ended.wait()
    server.close()
    await server.wait_closed()
