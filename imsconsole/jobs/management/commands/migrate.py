"""manage.py migrate: as Django's, but for a database that is in use, which is copied first.

Afterwards what triggers keep is made anew, as the present code keeps it.
"""

from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import migrate

from imsconsole.core.database_copy import begin_copy, finish_copy
from imsconsole.core.schema import is_empty, missing
from imsconsole.core.triggers import drop_triggers
from imsconsole.jobs.counters import count_anew, is_counting


class Command(migrate.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--no-copy",
            action="store_true",
            help="keep no copy of the database, to which `go-back` could lead",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        before, only_looks = _missing(), options["plan"] or options["check_unapplied"]
        if only_looks or (not before and not options["app_label"] and is_counting()):
            super().handle(*args, **options)
            return
        copies = bool(before) and not options["app_label"] and not options["no_copy"] and not is_empty()
        if copies:
            begin_copy()
        there_were = drop_triggers()  # SQLite could not rename a table that they read
        try:
            super().handle(*args, **options)
        finally:
            left = _missing()
            if not left or (left == before and there_were):
                count_anew()
        if copies:
            finish_copy()


def _missing() -> list[str]:
    """The migrations that are not applied."""
    return [str(migration) for migration in missing()]
