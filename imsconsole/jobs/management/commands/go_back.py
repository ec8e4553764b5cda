"""manage.py go_back: the database as it was before the last upgrade."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from imsconsole.core.database_copy import put_back
from imsconsole.jobs.hosts import living_hosts


class Command(BaseCommand):
    help = "Put the database back to what it was before the last upgrade. What was done since is lost."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        if names := living_hosts():
            raise CommandError(
                f"The console runs on {', '.join(names)}. Stop it on all hosts first; one that has ended without a word "
                "is forgotten after a minute."
            )
        at = put_back()
        self.stdout.write(
            f"The database is what it was on {at:%Y-%m-%d %H:%M} UTC. Install the version before, and see what "
            "`ims-console check-store` says of what was stored since."
        )
