"""The database with which each test begins: as migrations leave it, OS versions included.

Migrating takes seven seconds and a copy none, so on SQLite it is kept for all runs, one for each state of
migrations, models and libraries; and what a test wrote that was not rolled back is copied over, not flushed.
"""

import fcntl
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase
from django.test.utils import setup_databases, teardown_databases

from images.models import OsVersion

BRANCHES = 8  # of that many it is kept
OURS = ("imsconsole.", "images", "market", "sharing")
WRITTEN_BY_MIGRATE = {"django_content_type", "auth_permission"}
MADE_OF = (
    "migrations/*.py",
    "models*.py",
    "models/*.py",
    "apps.py",
    "quotas.py",
    "counters.py",
    "triggers.py",
)


@contextmanager
def migrated_database(cache: Path) -> Iterator[None]:
    """Have the connection use a database for this process alone, which is after each test as it was before."""
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(_begin_with_a_copy(cache))) as kept:
            TransactionTestCase._fixture_teardown = lambda _case: _copy_over(kept)
            yield  # it goes with the folder of the run
        return
    databases = setup_databases(verbosity=0, interactive=False)
    rows = list(OsVersion.objects.all())
    tables = set(connection.introspection.django_table_names(only_existing=True)) - WRITTEN_BY_MIGRATE

    def empty_and_fill(_case: TransactionTestCase) -> None:
        _empty(tables)
        OsVersion.objects.bulk_create(rows)

    TransactionTestCase._fixture_teardown = empty_and_fill
    yield
    teardown_databases(databases, verbosity=0)


def kept_database(cache: Path) -> Path:
    """On SQLite it is there, and has no rows but those of migrations: for whoever wants to begin where `migrate` ends."""
    return cache / f"test-database-{_version()}.sqlite3"


def _begin_with_a_copy(cache: Path) -> Path:
    """The kept database of which it is one."""
    kept = kept_database(cache)
    with (cache / "test-database.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if kept.exists():
            _use(shutil.copyfile(kept, connection.settings_dict["TEST"]["NAME"]))
            return kept
        setup_databases(verbosity=0, interactive=False)
        _forget_old(cache)
        unfinished = kept.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(unfinished)])
        return unfinished.rename(kept)


def fill_postgresql(url: str, cache: Path) -> None:
    """Make an empty database what `migrate` would make it: out of a dump that is kept as well."""
    kept = cache / f"test-database-{_version()}.sql"
    if kept.exists():
        subprocess.run(
            ["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-f", kept, url], check=True
        )
        return
    for command in ("migrate", "createcachetable"):
        subprocess.run(
            [sys.executable, "manage.py", command, "--verbosity", "0"],
            cwd=settings.BASE_DIR, env={**os.environ, "IMS_DATABASE_URL": url}, check=True,
        )  # fmt: skip
    unfinished = kept.with_suffix(f".{os.getpid()}")
    subprocess.run(["pg_dump", "--no-owner", "-f", unfinished, url], check=True)
    unfinished.rename(kept)
    _forget_old(cache)


def _forget_old(cache: Path) -> None:
    for kind in ("sqlite3", "sql"):
        kept = sorted(cache.glob(f"test-database-*.{kind}"), key=lambda path: path.stat().st_mtime)
        for old in kept[:-BRANCHES]:
            old.unlink()


def _use(path: str) -> None:
    connection.close()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = path


def _empty(tables: Iterable[str]) -> None:
    """Truncate those that anything was written to, and what refers to them: to truncate all takes five times as long."""
    with connection.cursor() as cursor:
        sizes = "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND pg_relation_size(oid) > 0"
        cursor.execute(sizes, [list(tables)])
        if written := ", ".join(f'"{table}"' for (table,) in cursor.fetchall()):
            cursor.execute(f"TRUNCATE {written} CASCADE")


def _copy_over(kept: sqlite3.Connection) -> None:
    connection.ensure_connection()
    kept.backup(connection.connection)


@cache
def _version() -> str:
    rooms = [Path(app.path) for app in apps.get_app_configs() if app.name.startswith(OURS)]
    files = sorted(path for room in rooms for pattern in MADE_OF for path in room.glob(pattern))
    digest = hashlib.sha256()
    for path in (*files, Path(settings.BASE_DIR) / "requirements-dev.lock"):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
