"""A copy of the whole database beside the data, from before an upgrade: the way back for one version.

An upgrade that failed half-way is begun again from where it is; its copy stays the one from before the first try.
"""

import os
import re
import shutil
import sqlite3
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection

UNFINISHED = ".unfinished"  # of an upgrade that has begun


def copy_path() -> Path:
    ending = "sqlite3" if connection.vendor == "sqlite" else "sql"
    return Path(settings.DATABASE_DIR) / f"before-upgrade.{ending}"


def begin_copy() -> None:
    """Copy the database, unless an upgrade of it has begun already. Raises CommandError."""
    unfinished = _with(UNFINISHED)
    if unfinished.exists():
        return
    making = _with(".making")
    making.unlink(missing_ok=True)
    try:
        os.close(os.open(making, os.O_CREAT | os.O_EXCL, 0o600))
        _dump(making)
    except (OSError, sqlite3.Error, subprocess.CalledProcessError) as error:
        making.unlink(missing_ok=True)
        raise CommandError(
            f"The database was not copied, and is not migrated: {_said(error)}. Make room in {making.parent}"
            f"{_needs('pg_dump')}; or migrate with --no-copy when you have a backup of your own."
        ) from error
    making.rename(unfinished)


def finish_copy() -> None:
    """The upgrade is done: the copy replaces that of the one before."""
    if _with(UNFINISHED).exists():
        _with(UNFINISHED).replace(copy_path())


def put_back() -> datetime:
    """Make the database what the copy says it was; of when that is. Raises CommandError."""
    copy = _with(UNFINISHED) if _with(UNFINISHED).exists() else copy_path()
    if not copy.exists():
        raise CommandError(f"There is no copy to go back to: {copy_path()} does not exist.")
    try:
        _restore(copy)
    except (OSError, sqlite3.Error, subprocess.CalledProcessError) as error:
        raise CommandError(
            f"The database was not put back: {_said(error)}{_needs('psql')}. The copy is {copy}."
        ) from error
    if copy != copy_path():
        copy.replace(copy_path())
    return datetime.fromtimestamp(copy_path().stat().st_mtime, UTC)


def why_not_copied() -> str:
    """Why an upgrade could keep no copy of this database, as far as this host's programs go; empty when it could."""
    if connection.vendor == "sqlite":
        return ""
    if missing := [program for program in ("pg_dump", "psql") if not shutil.which(program)]:
        return f"{' and '.join(missing)} not installed here"
    said = subprocess.run(["pg_dump", "--version"], check=True, capture_output=True, text=True).stdout
    (ours,) = re.findall(r"PostgreSQL\) (\d+)", said)
    theirs = connection.get_database_version()[0]
    return f"pg_dump is of version {ours} and PostgreSQL of {theirs}" if int(ours) < theirs else ""


def _with(ending: str) -> Path:
    return copy_path().with_name(copy_path().name + ending)


def _dump(path: Path) -> None:
    if connection.vendor == "sqlite":
        _copy_sqlite(Path(connection.settings_dict["NAME"]), path)
        return
    subprocess.run(
        ["pg_dump", "--no-owner", "--no-privileges", f"--file={path}"],
        env=_login(), check=True, capture_output=True, text=True,
    )  # fmt: skip


def _restore(copy: Path) -> None:
    """All of it or nothing."""
    connection.close()
    if connection.vendor == "sqlite":
        _copy_sqlite(copy, Path(connection.settings_dict["NAME"]))
        return
    empty = "DROP SCHEMA public CASCADE; CREATE SCHEMA public;"
    subprocess.run(
        ["psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", f"--command={empty}", f"--file={copy}"],
        env=_login(), check=True, capture_output=True, text=True,
    )  # fmt: skip


def _copy_sqlite(source: Path, target: Path) -> None:
    """Page by page, in one transaction of the target."""
    one, other = sqlite3.connect(f"file:{quote(str(source))}?mode=ro", uri=True), sqlite3.connect(target)
    try:
        one.backup(other)
    finally:
        one.close()
        other.close()


def _login() -> dict[str, str]:
    """Where PostgreSQL is and who we are, as its programs are told."""
    db: dict[str, Any] = connection.settings_dict
    named = {
        "PGHOST": "HOST",
        "PGPORT": "PORT",
        "PGUSER": "USER",
        "PGPASSWORD": "PASSWORD",
        "PGDATABASE": "NAME",
    }
    return {**os.environ, **{name: str(db[ours]) for name, ours in named.items() if db[ours]}}


def _needs(program: str) -> str:
    if connection.vendor == "sqlite" or shutil.which(program):
        return ""
    return f", and install {program} (apt-get install postgresql-client)"


def _said(error: Exception) -> str:
    said = error.stderr if isinstance(error, subprocess.CalledProcessError) else error
    return str(said).strip()
