"""manage.py migrate: as Django's; afterwards what triggers keep is made anew, as the present code keeps it."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from imsconsole.core.triggers import drop_triggers
from imsconsole.jobs.counters import count_anew, is_counting


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        only_looks = options["plan"] or options["check_unapplied"]
        if only_looks or (not options["app_label"] and _is_migrated() and is_counting()):
            super().handle(*args, **options)
            return
        drop_triggers()  # SQLite could not rename a table that they read
        super().handle(*args, **options)
        if _is_migrated():
            count_anew()


def _is_migrated() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())
