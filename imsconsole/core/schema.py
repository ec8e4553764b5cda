"""Of which version the database is: the code's own, an older one that is to be migrated, or a newer one.

A migration that old code does not notice says `while_running = True`, and may be applied while processes of the version before it
run on. All others need a stop.
"""

from collections import defaultdict
from datetime import timedelta

from django.apps import apps
from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from imsconsole.core.now import now

WAY_BACK = timedelta(days=1)  # for so long the version before an upgrade may be put back
AT_ONCE = timedelta(hours=1)  # a new database has all of its migrations within it


def missing() -> list[Migration]:
    """What is to be applied, in that order."""
    executor = MigrationExecutor(connection)
    return [migration for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]


def is_empty() -> bool:
    """Whether nothing was ever applied."""
    return not MigrationRecorder(connection).applied_migrations()


def newer() -> list[str]:
    """What was applied and lies beyond the last migration of a room that this version knows."""
    rooms = {app.label for app in apps.get_app_configs() if app.name in settings.ROOMS}
    last: dict[str, str] = defaultdict(str)
    for app, name in MigrationLoader(None).disk_migrations:
        last[app] = max(last[app], name[:4])
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in applied if app in rooms and name[:4] > last[app])


def needs_stop(migration: Migration) -> bool:
    """Whether processes of the version before would stumble over it."""
    return not getattr(migration, "while_running", False)


def is_upgraded_lately() -> bool:
    """Whether the version before may still be put back; not for a database that was new then."""
    rows = MigrationRecorder.Migration.objects.order_by("applied").values_list("applied", flat=True)
    first, last = rows.first(), rows.last()
    return bool(first and last and last - first > AT_ONCE and last > now() - WAY_BACK)


def why_not_served() -> tuple[str, str]:
    """Why this version cannot work on this database, and what to do about it; empty when it can."""
    if unknown := newer():
        return (
            f"the database is of a newer version of the console, which brought {unknown[-1]}",
            "Install that version again, or have it run `ims-console go-back` first (docs/operate/upgrade.md).",
        )
    if pending := missing():
        return (
            f"{len(pending)} migrations are pending, the first of them {pending[0]}",
            "Run `ims-console migrate`, then start again.",
        )
    return "", ""


def refuse_other_version() -> None:
    """Raises CommandError when the database is not of this version."""
    why, remedy = why_not_served()
    if why:
        raise CommandError(f"The console cannot be served: {why}. {remedy}")
