"""manage.py doctor: is everything there that the console needs on this host?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from imsconsole.processes.doctor import findings


class Command(BaseCommand):
    help = "Say what this host lacks before the console can do its work here, and how to get it. Exit code 1 when something does not work."
    requires_system_checks = ()  # they are among what is told

    def handle(self, *args: Any, **options: Any) -> None:
        styles = {"good": self.style.SUCCESS, "doubt": self.style.WARNING, "wrong": self.style.ERROR}
        wrong = 0
        for found in findings():
            wrong += found.level == "wrong"
            self.stdout.write(f"{styles[found.level](f'{found.level:<5}')}  {found.about}: {found.said}")
            if found.remedy:
                self.stdout.write(f"       → {found.remedy}")
        if wrong:
            raise CommandError(f"{wrong} of these must be mended.")
