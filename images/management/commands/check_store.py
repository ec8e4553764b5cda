"""manage.py check_store: compare database, disk and processes, and print every difference."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from images.store_check import differences


class Command(BaseCommand):
    help = "Compare database, disk and processes; print every difference. Exit code 1 when there is one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--repair", action="store_true", help="put right what can be put right")

    def handle(self, *args: Any, repair: bool, **options: Any) -> None:
        found = list(differences())
        left = 0
        for difference in found:
            repaired = repair and difference.repair is not None
            if repaired and difference.repair:
                difference.repair()
            left += not repaired
            self.stdout.write(f"{difference.what}{' – repaired' if repaired else ''}")
        if left:
            raise CommandError(f"{left} difference(s)")
        self.stdout.write("The store is clean.")
