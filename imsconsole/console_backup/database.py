"""Rows of a backup into an empty database: of the form that they had, then brought up to this version."""

from collections.abc import Iterable
from typing import Any

from django.core.management import call_command
from django.core.management.color import no_style
from django.db import IntegrityError, connection, models, transaction
from django.db.migrations.executor import MigrationExecutor

from imsconsole.console_backup.manifest import Manifest
from imsconsole.console_backup.places import DATABASE, BackupError
from imsconsole.console_backup.snapshot import read_rows, tables, value_of
from imsconsole.core.triggers import drop_triggers

PEOPLES = (
    "accounts.User",
    "accounts.Account",
    "accounts.Project",
    "images.Image",
    "cloud.Server",
    "jobs.Job",
)
Node = tuple[str, str]


def what_is_there() -> str:
    """The first table with rows that somebody made; empty when there is none."""
    there = set(connection.introspection.table_names())
    for table in tables():
        if table._meta.label in PEOPLES and table._meta.db_table in there and table._base_manager.exists():
            return str(table._meta.verbose_name_plural)
    return ""


def prepare(manifest: Manifest) -> Any:
    """Make the tables as the backup's version had them; the models of then. Raises BackupError."""
    executor = MigrationExecutor(connection)
    graph, on_disk = executor.loader.graph, executor.loader.disk_migrations
    had: set[Node] = {(app, name) for app, name in manifest.migrations}
    had |= {node for node, each in on_disk.items() if each.replaces and had.issuperset(each.replaces)}
    known = on_disk.keys() | {node for each in on_disk.values() for node in each.replaces}
    if had - known:
        raise BackupError("console-backup-newer", version=manifest.version)
    had &= graph.nodes.keys()
    if (executor.loader.applied_migrations.keys() & graph.nodes.keys()) - had:
        raise BackupError("console-backup-older", version=manifest.version)
    targets = [node for node in sorted(had) if not any(child in had for child in _children(graph, node))]
    drop_triggers()
    executor.migrate(targets)
    return executor.loader.project_state(targets).apps


def _children(graph: Any, node: Node) -> list[Node]:
    """Of the same app: what depends on it in others may not have been there."""
    return [child.key for child in graph.node_map[node].children if child.key[0] == node[0]]


def load(known: Any, lines: Iterable[str]) -> None:
    """All rows or none. Raises BackupError."""
    by_label = {table._meta.label: table for table in tables(known)}
    with connection.constraint_checks_disabled(), transaction.atomic():
        _empty(by_label.values())
        try:
            for label, names, rows in read_rows(lines):
                table = by_label[label]
                fields = [_field(table, name) for name in names]
                made = [
                    table(**{f.attname: value_of(f, each) for f, each in zip(fields, row, strict=True)})
                    for row in rows
                ]
                table._base_manager.bulk_create(made, batch_size=500)
            connection.check_constraints()
        except (KeyError, ValueError, TypeError, IntegrityError) as error:
            raise BackupError("console-backup-damaged", what=DATABASE) from error
        _reset_sequences(by_label.values())


def bring_up() -> None:
    """To this version; what triggers keep is counted anew, and there is a cache."""
    call_command("migrate", verbosity=0, interactive=False, no_copy=True)
    call_command("createcachetable", verbosity=0)


def _field(table: type[models.Model], attname: str) -> "models.Field[Any, Any]":
    """Raises KeyError."""
    return {field.attname: field for field in table._meta.local_concrete_fields}[attname]


def _empty(tables: Iterable[type[models.Model]]) -> None:
    """Rows that migrations made; the backup has its own."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table._meta.db_table)}")  # noqa: S608


def _reset_sequences(tables: Iterable[type[models.Model]]) -> None:
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(tables)):
            cursor.execute(statement)
