"""manage.py run_clock: periodic work; started by run_worker."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from imsconsole.jobs.periodic import run_forever


class Command(BaseCommand):
    help = "Run periodic work when it is due."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--interval", type=float, default=min(1.0, settings.IMS_JOB_LEASE_S / 4))

    def handle(self, *args: Any, interval: float, **options: Any) -> None:
        run_forever(interval)
