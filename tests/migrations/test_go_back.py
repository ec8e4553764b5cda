"""An upgrade of a database in use: refused while the console runs, and undone again."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, migrations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from imsconsole.cloud.models import StoredBytes
from imsconsole.cloud.stored.clock import remove_unused_bytes
from imsconsole.core import database_copy, schema
from imsconsole.core.database_copy import begin_copy, copy_path, finish_copy, put_back
from imsconsole.core.now import now
from imsconsole.core.schema import is_upgraded_lately, needs_stop, newer, refuse_other_version
from imsconsole.jobs.hosts import check_stopped, note_host
from imsconsole.jobs.models import ClockEntry, KnownHost
from tests.factories import RegionFactory

SAFE, UNSAFE = ("images", "0034_latest_images"), ("market", "0007_checksums_of_checks")
Applied = MigrationRecorder.Migration.objects


@pytest.fixture
def no_copy() -> Iterator[None]:
    yield
    for path in copy_path().parent.glob(f"{copy_path().name}*"):
        path.unlink()


@pytest.fixture
def unapplied() -> None:
    """The newest migration is pending; hosts of other tests are forgotten."""
    KnownHost.objects.all().delete()
    Applied.filter(app=UNSAFE[0], name=UNSAFE[1]).delete()


@pytest.mark.django_db
def test_what_needs_a_stop_waits_until_nothing_runs(unapplied: None) -> None:
    assert check_stopped(databases=["default"]) == []
    note_host()
    (refusal,) = check_stopped(databases=["default"])
    assert ".".join(UNSAFE) in str(refusal.msg)
    with pytest.raises(CommandError, match=r"ims\.E005"):
        call_command("migrate", verbosity=0, skip_checks=False)
    assert not Applied.filter(name=UNSAFE[1]).exists()


@pytest.mark.django_db
def test_a_console_from_before_hosts_were_noted_is_seen_by_its_clock(
    unapplied: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = [name for name in connection.introspection.table_names() if name != KnownHost._meta.db_table]
    monkeypatch.setattr(connection.introspection, "table_names", lambda *_args: tables)
    ClockEntry.objects.all().delete()
    assert check_stopped(databases=["default"]) == []
    ClockEntry.objects.create(name="jobs.take_up", due_at=now(), started_at=now(), host="web-1")
    assert "runs on web-1" in str(check_stopped(databases=["default"])[0].msg)


@pytest.mark.django_db
def test_what_old_code_does_not_notice_may_be_applied_while_it_runs() -> None:
    Applied.filter(app=SAFE[0], name=SAFE[1]).delete()
    note_host()
    assert check_stopped(databases=["default"]) == []


def test_only_what_adds_is_said_to_be_safe_while_the_console_runs() -> None:
    adding = (migrations.CreateModel, migrations.AddIndex, migrations.AddField)
    safe = [each for each in MigrationLoader(None).disk_migrations.values() if not needs_stop(each)]
    assert {"0034_asked_by_metrics", "0035_looks_at_clouds"} <= {each.name for each in safe}
    for migration in safe:
        for operation in migration.operations:
            assert isinstance(operation, adding), (migration, operation)
            if isinstance(operation, migrations.AddField):
                assert operation.field.null or operation.field.has_db_default(), (migration, operation.name)


@pytest.mark.django_db
@pytest.mark.parametrize("command", ["run_worker", "run_screens"])
def test_a_newer_database_is_not_served(command: str) -> None:
    Applied.create(app="of_somebody_else", name="0999_of_tomorrow")
    assert newer() == []
    Applied.create(app="images", name="0999_of_tomorrow")
    with pytest.raises(CommandError, match=r"newer version of the console, which brought images\.0999_of_tomorrow"):
        call_command(command)


@pytest.mark.django_db
def test_an_older_database_is_not_served(unapplied: None) -> None:
    with pytest.raises(CommandError, match=r"1 migrations are pending.*Run `ims-console migrate`"):
        refuse_other_version()


@pytest.mark.django_db
def test_bytes_that_nobody_has_stay_as_long_as_there_is_a_way_back() -> None:
    stored = StoredBytes.objects.create(region=RegionFactory(), ref="left.qcow2")
    Applied.update(applied=now())
    assert not is_upgraded_lately(), "it was new a moment ago"
    Applied.filter(app=UNSAFE[0], name=UNSAFE[1]).update(applied=now() + timedelta(hours=2))
    assert is_upgraded_lately()
    remove_unused_bytes()
    assert StoredBytes.objects.filter(pk=stored.pk).exists()
    Applied.update(applied=now() - 2 * schema.WAY_BACK)
    Applied.filter(app=UNSAFE[0], name=UNSAFE[1]).update(applied=now() - schema.WAY_BACK)
    assert not is_upgraded_lately()
    remove_unused_bytes()
    assert not StoredBytes.objects.filter(pk=stored.pk).exists()


@pytest.mark.django_db
def test_a_running_console_is_not_put_back() -> None:
    note_host()
    with pytest.raises(CommandError, match="Stop it on all hosts first"):
        call_command("go_back")


@pytest.mark.django_db
def test_without_a_copy_there_is_no_way_back() -> None:
    KnownHost.objects.all().delete()
    with pytest.raises(CommandError, match="There is no copy to go back to"):
        call_command("go_back")


@pytest.mark.django_db
def test_the_copy_of_an_upgrade_that_failed_stays_the_first_one(no_copy: None) -> None:
    unfinished = copy_path().with_name(copy_path().name + ".unfinished")
    begin_copy()
    first = unfinished.stat()
    assert first.st_mode & 0o077 == 0
    begin_copy()
    assert unfinished.stat().st_ino == first.st_ino
    finish_copy()
    assert copy_path().stat().st_ino == first.st_ino
    begin_copy()
    assert unfinished.stat().st_ino != first.st_ino


@pytest.mark.django_db
def test_an_upgrade_that_has_not_ended_is_undone_by_its_own_copy(
    no_copy: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not by that of the upgrade before; and it is the one that stays."""
    put: list[bytes] = []
    monkeypatch.setattr(database_copy, "_restore", lambda copy: put.append(copy.read_bytes()))
    copy_path().write_bytes(b"of the upgrade before")
    unfinished = copy_path().with_name(copy_path().name + ".unfinished")
    unfinished.write_bytes(b"of this one")
    put_back()
    assert put == [b"of this one"]
    assert not unfinished.exists()
    put_back()
    assert put == [b"of this one"] * 2


@pytest.mark.django_db
def test_a_copy_that_cannot_be_put_back_is_named_and_kept(
    no_copy: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_copy: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(database_copy, "_restore", fails)
    copy_path().write_bytes(b"a copy")
    with pytest.raises(CommandError, match=rf"was not put back: .*Input/output error.*{copy_path().name}"):
        put_back()
    assert copy_path().read_bytes() == b"a copy"


@pytest.mark.django_db
def test_a_database_that_cannot_be_copied_is_not_migrated(unapplied: None, settings: Any, tmp_path: Path) -> None:
    settings.DATABASE_DIR = tmp_path / "gone"
    with pytest.raises(CommandError, match=r"was not copied, and is not migrated.*--no-copy"):
        call_command("migrate", verbosity=0)
    assert not Applied.filter(name=UNSAFE[1]).exists()


@pytest.mark.django_db(transaction=True)
def test_who_wants_no_copy_may_migrate_it_all_the_same(unapplied: None, settings: Any, tmp_path: Path) -> None:
    settings.DATABASE_DIR = tmp_path / "gone"
    call_command("migrate", verbosity=0, no_copy=True)
    assert Applied.filter(name=UNSAFE[1]).exists()
