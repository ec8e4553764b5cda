"""manage.py check_store: compare database, disk and processes, and print every difference."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from images.verify.differences import StoreDifference
from images.verify.store_check import differences
from imsconsole.core.errors import ImsError

REPAIRED = " – repaired"


class Command(BaseCommand):
    help = "Compare database, disk and processes; print every difference. Exit code 1 when there is one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--repair", action="store_true", help="put right what can be put right")

    def handle(self, *args: Any, repair: bool, **options: Any) -> None:
        left = 0
        for difference in list(differences()):
            told = _repaired(difference) if repair else ""
            left += told != REPAIRED
            self.stdout.write(difference.what + told)
        if left:
            raise CommandError(f"{left} difference(s)")
        self.stdout.write("The store is clean.")


def _repaired(difference: StoreDifference) -> str:
    """What came of putting it right; one that cannot be does not keep the others."""
    try:
        if difference.repair is None:
            return ""
        difference.repair()
    except (ImsError, OSError) as error:
        return f" – not repaired: {error}"
    return REPAIRED
