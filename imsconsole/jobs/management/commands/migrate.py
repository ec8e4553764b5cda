"""manage.py migrate: as Django's; afterwards what triggers keep is made anew, as the present code keeps it."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from imsconsole.core.triggers import drop_triggers
from imsconsole.jobs.counters import count_anew, is_counting


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        before, only_looks = _missing(), options["plan"] or options["check_unapplied"]
        if only_looks or (not before and not options["app_label"] and is_counting()):
            super().handle(*args, **options)
            return
        there_were = drop_triggers()  # SQLite could not rename a table that they read
        try:
            super().handle(*args, **options)
        finally:
            missing = _missing()
            if not missing or (missing == before and there_were):
                count_anew()


def _missing() -> list[str]:
    """The migrations that are not applied."""
    executor = MigrationExecutor(connection)
    return [str(migration) for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
