"""A database from before 0.1.0 is carried over: nothing that is in it is lost, and its schema is that of a new one.

The kept dumps hold a row of every model of the day before the migrations were squashed (commit 0a19464): a demo in which Alice
and Carol worked. They are never made anew: each later migration has to bring the same old rows along.
"""

import json
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils.module_loading import import_string

from imsconsole.core.checks import check_age_of_database
from tests.migrations.databases import columns_of, connected, migrate, restored, rows_of, run, schema_of

DUMP = "before_0_1_0"
# By table, the columns that a later migration fills anew or removes on purpose; all of a table's when it is gone.
CHANGED = {
    "jobs_job": {"path"},  # its classes are in the rooms of their verbs
    "images_image": {"cloud_init"},  # was guessed of files
    "audit_event": {"sentence", "action"},  # is in `details`; has the names of the product
}

pytestmark = pytest.mark.django_db
slow = pytest.mark.slow(reason="manage.py migrates a second database, once for all of them")


@pytest.fixture(scope="module")
def old(django_db_setup: None, django_db_blocker: pytest.FixtureDef) -> Iterator[SimpleNamespace]:
    """A carried-over database: its columns and rows before, a connection to it after."""
    with django_db_blocker.unblock(), restored(DUMP, "carried_over") as name:
        with connected(name) as db:
            run(db, "UPDATE audit_event SET sentence = '镜像“web”受保护。' WHERE id = 1")
            columns = {
                table: [column for column in names if column not in CHANGED.get(table, set())]
                for table, names in columns_of(db).items()
            }
            columns = {table: names for table, names in columns.items() if names}
            rows = rows_of(db, columns)
            said = rows_of(db, {"audit_event": ["id", "action", "sentence"]})["audit_event"]
        migrated = migrate(name)
        assert migrated.returncode == 0, migrated.stderr
        with connected(name) as db:
            yield SimpleNamespace(columns=columns, rows=rows, said=said, now=db)


@slow
def test_the_dump_has_rows_of_every_table(old: SimpleNamespace) -> None:
    assert {table for table, rows in old.rows.items() if not rows} == {"cache"}


@slow
def test_every_row_is_still_there(old: SimpleNamespace) -> None:
    now = rows_of(old.now, old.columns)
    assert {table: rows - now[table] for table, rows in old.rows.items() if rows - now[table]} == {}


@slow
def test_its_jobs_find_their_classes(old: SimpleNamespace) -> None:
    paths = [path for (path,) in rows_of(old.now, {"jobs_job": ["path"]})["jobs_job"]]
    assert [path for path in paths if import_string(path).path() != path] == []
    assert len(paths) > 5


@slow
def test_what_the_trail_said_it_goes_on_saying(old: SimpleNamespace) -> None:
    kept = rows_of(old.now, {"audit_event": ["id", "details"]})["audit_event"]
    read = ((key, json.loads(details)) for key, details in kept)
    answers = {"acceptImage": "Accepted", "rejectImage": "Rejected"}  # are in the name no more
    assert dict(read) == {
        key: {"msgid": answers[action], "values": {}} if action in answers else sentence
        for key, action, sentence in old.said
    }
    assert any(sentence for _key, _action, sentence in old.said)


@slow
def test_every_trace_name_of_the_product_is_one_of_today(old: SimpleNamespace) -> None:
    formerly = {"shareImage": "addMember", "acceptImage": "updateMember", "rejectImage": "updateMember"}
    renamed = {key: formerly[action] for key, action, _said in old.said if action in formerly}
    kept = dict(rows_of(old.now, {"audit_event": ["id", "action"]})["audit_event"].elements())
    assert len(renamed) == 7
    assert {key: kept[key] for key in renamed} == renamed


@slow
def test_its_schema_is_that_of_a_new_database(old: SimpleNamespace) -> None:
    carried_over, new = schema_of(old.now), schema_of(connection)
    assert sorted((carried_over - new).elements()) == []
    assert sorted((new - carried_over).elements()) == []


@pytest.fixture
def replaced() -> set[tuple[str, str]]:
    """The migrations that squashed ones stand for, whose files are gone; they alone are noted as applied."""
    migrations = MigrationLoader(None)
    squashed = migrations.replacements
    old = {name for one in squashed.values() for name in one.replaces} - set(migrations.disk_migrations)
    applied = MigrationRecorder.Migration.objects
    for app, name in squashed:
        applied.filter(app=app, name=name).delete()
    applied.bulk_create(MigrationRecorder.Migration(app=app, name=name) for app, name in old)
    return old


def test_a_database_with_all_of_the_replaced_migrations_may_be_migrated(replaced: set[tuple[str, str]]) -> None:
    assert len(replaced) >= 44
    assert check_age_of_database(databases=["default"]) == []


@pytest.mark.parametrize("missing", ["0014_planned_deletion", "0003_buckets"])
def test_an_older_database_is_refused(replaced: set[tuple[str, str]], missing: str) -> None:
    MigrationRecorder.Migration.objects.filter(name=missing).delete()
    with pytest.raises(SystemCheckError, match=r"ims\.E002.* before 0\.1\.0 "):
        call_command("set_up")
