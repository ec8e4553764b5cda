"""`manage.py check`: whether the proxy is named. `manage.py migrate`: whether the database keeps what it has committed, and is of a
version whose migrations are still here.
"""

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


def check_proxies(**_options: Any) -> list[CheckMessage]:
    """HTTPS ends at a proxy; one that is not trusted hides who asks, and by which scheme."""
    if not settings.IMS_HTTPS or settings.IMS_TRUSTED_PROXIES:
        return []
    return [
        Warning(
            "IMS_HTTPS is set, but no proxy is trusted: everybody seems to come from the proxy's address, by HTTP.",
            hint="Set IMS_TRUSTED_PROXIES to the address of the TLS proxy, e.g. 127.0.0.1.",
            id="ims.W003",
        )
    ]


def check_spool(**_options: Any) -> list[CheckMessage]:
    """The spool is a folder, or lies in the bucket that objects lie in."""
    if settings.IMS_SPOOL not in ("folder", "s3"):
        return [Error(f"IMS_SPOOL is {settings.IMS_SPOOL}; it is to be folder or s3.", id="ims.E003")]
    if settings.IMS_SPOOL == "s3" and "spool" not in settings.STORAGES:
        return [
            Error(
                "IMS_SPOOL is s3, but there is no bucket for it.",
                hint="Set IMS_S3_BUCKET, and what is needed to reach it.",
                id="ims.E003",
            )
        ]
    return []


def check_durability(databases: Collection[str] | None = None, **_options: Any) -> list[CheckMessage]:
    """What PostgreSQL says is committed must be on the disk; SQLite is told so by us."""
    return [
        Warning(
            f"PostgreSQL has {name}=off: after a power cut what people were told is done may not be.",
            hint=f"Set {name} = on in postgresql.conf, or for the console's role.",
            id="ims.W004",
        )
        for alias in databases or ()
        if connections[alias].vendor == "postgresql"
        for name in ("fsync", "synchronous_commit")
        if _shown(alias, name) == "off"
    ]


def _shown(alias: str, name: str) -> str:
    with connections[alias].cursor() as cursor:
        cursor.execute(f"SHOW {name}")
        return str(cursor.fetchone()[0])


def check_age_of_database(databases: Collection[str] | None = None, **_options: Any) -> list[CheckMessage]:
    """Refuse a database with only some of the migrations that squashed ones stand for: what it lacks was thrown away.

    Django would make its tables a second time.
    """
    return [
        Error(
            f"The database {connections[alias].settings_dict['NAME']} was made by a version of the console before 0.1.0 "
            "that is too old to be carried over.",
            hint="0.1.0 may not be skipped: check out commit 0a19464, run `manage.py migrate` there, then come back; or begin with another IMS_DATA_DIR.",
            id="ims.E002",
        )
        for alias in databases or ()
        if _is_too_old(alias)
    ]


def _is_too_old(alias: str) -> bool:
    applied = set(MigrationRecorder(connections[alias]).applied_migrations())
    migrations = MigrationLoader(None)
    squashed = {old for one in migrations.replacements.values() for old in one.replaces}
    gone = squashed - set(migrations.disk_migrations)
    return bool(gone & applied) and not gone <= applied
