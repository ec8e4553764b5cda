"""A database from before 0.1.0 is carried over: nothing that is in it is lost, and its schema is that of a new one.

The kept dumps hold a row of every model of the day before the migrations were squashed (commit 0a19464): a demo in which Alice
and Carol worked. They are never made anew: each later migration has to bring the same old rows along.
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils.module_loading import import_string

from imsconsole.core.checks import check_age_of_database
from imsconsole.core.database_copy import copy_path
from tests.migrations.databases import (
    add_row, columns_of, connected, contents_of, manage, restored, rows_of, run, schema_of,
)  # fmt: skip

DUMP = "before_0_1_0"
# By table, the columns that a later migration fills anew or removes on purpose; all of a table's when it is gone.
CHANGED = {
    "jobs_job": {"path"},  # its classes are in the rooms of their verbs
    "images_image": {"cloud_init"},  # was guessed of files
    "images_imagedisk": {"sha256", "source_sha256", "ref", "bytes_id", "verified_at", "damaged_at"},  # in rows of
    "cloud_backupdisk": {"sha256", "ref", "verified_at", "damaged_at"},  # their own, with the name of the algorithm
    "market_listingversion": {"checks"},  # name the algorithm, too
    "audit_event": {"sentence", "action"},  # is in `details`; has the names of the product
}

DISKS = ("images_imagedisk", "cloud_backupdisk")
DAMAGED, SOUND = "6164d87c-a589-46c1-9bca-63769fc1c814", "5400d0af-a248-4e0d-a5ac-fc4e1392b476"  # of one file
SOURCE, HELD = "08a0278b-30dc-45d6-a9ec-9ede3344887b", "11111111-1111-4111-8111-111111111111"
COPY = {
    "id": "22222222222242228222222222222222", "kind": "image.copy", "path": "images.jobs_copy.CopyImage", "state": "queued",
    "args": {"disks": [{"id": str(UUID(int=3)), "held": HELD, "source": SOURCE}], "key": HELD, "source_key": ""},
    "results": {"take": {str(UUID(int=3)): {"ref": "held.qcow2", "format": "qcow2", "size_bytes": 1, "sha256": ""}}},
    "finished_at": None,
}  # fmt: skip

pytestmark = pytest.mark.django_db
slow = pytest.mark.slow(reason="manage.py migrates a second database, once for all of them")


@pytest.fixture(scope="module")
def old(django_db_setup: None, django_db_blocker: Any) -> Iterator[SimpleNamespace]:
    """What was in a database, what is in it when it is carried over, and what when it has gone back."""
    with django_db_blocker.unblock(), restored(DUMP, "carried_over") as name:
        with connected(name) as db:
            run(db, "UPDATE audit_event SET sentence = '镜像“web”受保护。' WHERE id = 1")
            columns = {
                table: [column for column in names if column not in CHANGED.get(table, set())]
                for table, names in columns_of(db).items()
            }
            columns = {table: names for table, names in columns.items() if names}
            rows = rows_of(db, columns)
            run(db, f"UPDATE images_imagedisk SET damaged_at = '2026-11-28 09:00:00+00' WHERE ref LIKE '{DAMAGED}%'")
            add_row(db, "jobs_job", COPY)
            was = contents_of(db)
        migrated = manage("migrate", name)
        assert migrated.returncode == 0, migrated.stderr
        with connected(name) as db:
            now = contents_of(db)
        back = manage("go_back", name)
        with connected(name) as db:
            again = contents_of(db)
    yield SimpleNamespace(columns=columns, rows=rows, was=was, now=now, back=back, again=again)
    for path in copy_path().parent.glob(f"{copy_path().name}*"):
        path.unlink()


@slow
def test_the_dump_has_rows_of_every_table(old: SimpleNamespace) -> None:
    assert {table for table, rows in old.rows.items() if not rows} == {"cache"}


@slow
def test_every_row_is_still_there(old: SimpleNamespace) -> None:
    now = old.now.rows(old.columns)
    assert {table: rows - now[table] for table, rows in old.rows.items() if rows - now[table]} == {}


@slow
def test_what_disks_said_of_their_bytes_is_in_rows_of_their_own(old: SimpleNamespace) -> None:
    """Every file is known, so none is left behind; of links of the same one all disks have one and the same."""
    kept = old.now.rows({"cloud_storedbytes": ["id", "ref", "checksum"]})["cloud_storedbytes"]
    of_ref, of_id = {ref: sums for _id, ref, sums in kept}, {pk: sums for pk, _ref, sums in kept}
    linked = 0
    for table, disks in old.was.rows({table: ["id", "ref", "sha256"] for table in DISKS}).items():
        now = dict(old.now.rows({table: ["id", "stored_id"]})[table].elements())
        for pk, ref, sha256 in disks:
            assert not ref or of_ref[ref] == of_id[now[pk]] == f"sha256:{sha256}"
            linked += bool(ref) and pk != now[pk]
    assert linked


@slow
def test_of_links_one_that_is_sound_is_kept_and_the_others_are_nobodys(old: SimpleNamespace) -> None:
    """What nobody has is deleted by the clock; the link that unfinished work held as well."""
    ids = {UUID(str(pk)) for (pk,) in old.now.rows({"cloud_storedbytes": ["id"]})["cloud_storedbytes"]}
    used = old.now.rows({table: ["stored_id"] for table in DISKS})
    of_disks = {UUID(str(pk)) for rows in used.values() for (pk,) in rows if pk}
    assert UUID(SOUND) in of_disks
    assert {UUID(DAMAGED), UUID(HELD)} <= ids - of_disks
    assert len(ids - of_disks) == 4, "three files had two links"


@slow
def test_unfinished_work_goes_on_with_the_bytes_it_was_told_of(old: SimpleNamespace) -> None:
    (used,) = old.now.rows({"cloud_bytesuse": ["stored_id", "job_id"]})["cloud_bytesuse"]
    assert [UUID(str(pk)) for pk in used] == [UUID(SOURCE), UUID(COPY["id"])]
    jobs = old.now.rows({"jobs_job": ["id", "args", "results"]})["jobs_job"]
    ((args, results),) = [each for pk, *each in jobs if UUID(str(pk)) == UUID(COPY["id"])]
    disk = json.loads(args)["disks"][0]
    assert (disk["stored"], disk["role"], json.loads(results)) == (SOURCE, "system", {})


@slow
def test_its_jobs_find_their_classes(old: SimpleNamespace) -> None:
    paths = [path for (path,) in old.now.rows({"jobs_job": ["path"]})["jobs_job"]]
    assert [path for path in paths if import_string(path).path() != path] == []
    assert len(paths) > 5


def said(old: SimpleNamespace) -> "Counter[tuple[Any, ...]]":
    return old.was.rows({"audit_event": ["id", "action", "sentence"]})["audit_event"]


@slow
def test_what_the_trail_said_it_goes_on_saying(old: SimpleNamespace) -> None:
    kept = old.now.rows({"audit_event": ["id", "details"]})["audit_event"]
    read = ((key, json.loads(details)) for key, details in kept)
    answers = {"acceptImage": "Accepted", "rejectImage": "Rejected"}  # are in the name no more
    assert dict(read) == {
        key: {"msgid": answers[action], "values": {}} if action in answers else sentence
        for key, action, sentence in said(old)
    }
    assert any(sentence for _key, _action, sentence in said(old))


@slow
def test_every_trace_name_of_the_product_is_one_of_today(old: SimpleNamespace) -> None:
    formerly = {"shareImage": "addMember", "acceptImage": "updateMember", "rejectImage": "updateMember"}
    renamed = {key: formerly[action] for key, action, _said in said(old) if action in formerly}
    kept = dict(old.now.rows({"audit_event": ["id", "action"]})["audit_event"].elements())
    assert len(renamed) == 7
    assert {key: kept[key] for key in renamed} == renamed


@slow
def test_its_schema_is_that_of_a_new_database(old: SimpleNamespace) -> None:
    carried_over, new = old.now.schema, schema_of(connection)
    assert sorted((carried_over - new).elements()) == []
    assert sorted((new - carried_over).elements()) == []


@slow
def test_gone_back_it_is_what_it_was_again(old: SimpleNamespace) -> None:
    assert old.now.schema != old.was.schema
    assert old.back.returncode == 0, old.back.stderr
    assert old.again == old.was


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


@pytest.mark.slow(reason="collects the static files")
def test_an_older_database_is_refused(replaced: set[tuple[str, str]], settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path  # what is collected there names the files of all pages after it
    applied = MigrationRecorder.Migration.objects
    applied.filter(name="0003_buckets").delete()
    assert [each.id for each in check_age_of_database(databases=["default"])] == ["ims.E002"]
    applied.create(app="cloud", name="0003_buckets")
    applied.filter(name="0014_planned_deletion").delete()
    with pytest.raises(SystemCheckError, match=r"ims\.E002.* before 0\.1\.0 "):
        call_command("set_up")
