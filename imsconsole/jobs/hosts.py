"""Which hosts there are. Each notes every few seconds that it is there.

More than one must share what one has for itself: SQLite and a folder spool are on a host's own disk.
"""

import hashlib
import logging
import os
import socket
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.management.base import CommandError
from django.db import Error as DatabaseError
from django.db import connection

from imsconsole.core.now import furthest, now
from imsconsole.core.schema import missing, needs_stop, refuse_other_version

logger = logging.getLogger(__name__)
EVERY = timedelta(seconds=10)
GONE_AFTER = timedelta(minutes=1)  # of one that says nothing any more


@cache
def host_id() -> str:
    """This machine with this data folder: the same after a restart. A container without a machine's ID has that of its kernel's boot."""
    said = (_said(place) for place in ("/etc/machine-id", "/proc/sys/kernel/random/boot_id"))
    machine = next(filter(None, said), "")
    return hashlib.sha256(f"{machine} {Path(settings.DATA_DIR).resolve()}".encode()).hexdigest()[:8]


def _said(place: str) -> str:
    try:
        return Path(place).read_text().strip()
    except OSError:
        return ""


def _hosts() -> Any:
    return apps.get_model("jobs", "KnownHost").objects


def note_host() -> None:
    """This host is there."""
    rows = _hosts()
    here = rows.model(pk=host_id(), name=socket.gethostname()[:64], seen_at=now())
    rows.bulk_create([here], update_conflicts=True, unique_fields=["id"], update_fields=["name", "seen_at"])


def other_hosts() -> list[str]:
    """Names of those that were there a moment ago, but for this one."""
    return sorted(hosts_seen().exclude(pk=host_id()).values_list("name", flat=True))


def hosts_seen() -> Any:
    """Those that were there a moment ago. What one is to have said later than now says nothing."""
    return _hosts().filter(seen_at__gt=now() - GONE_AFTER, seen_at__lte=furthest(timedelta(0)))


def forget_hosts() -> None:
    """Those that nobody has seen for a day."""
    _hosts().filter(seen_at__lt=now() - timedelta(days=1)).delete()


def why_alone() -> str:
    """Why this console cannot have a second host; empty when it can."""
    lacks = []
    if connection.vendor == "sqlite":
        lacks.append("its database is SQLite, and is to be PostgreSQL (IMS_DATABASE_URL)")
    if settings.IMS_SPOOL != "s3":
        lacks.append("its spool is a folder, and is to be in S3 (IMS_SPOOL=s3)")
    return "; ".join(lacks)


def _refusal() -> str:
    """What a second host that must not be is told, else nothing."""
    why = why_alone()
    names = other_hosts() if why else []
    if not names:
        return ""
    return (
        f"Another host serves this console already ({', '.join(names)}), and there can be one only: {why}. "
        "A host that has ended without a word is forgotten after a minute."
    )


@contextmanager
def this_host() -> Iterator[None]:
    """It is there, until it leaves. Raises CommandError when it may not be, or when the database is of another version."""
    refuse_other_version()
    _refuse_second()
    note_host()
    pid = os.getpid()
    try:
        _refuse_second()  # two at once
        yield
    finally:
        if os.getpid() == pid:  # not a process that was forked
            leave()


def _refuse_second() -> None:
    if refusal := _refusal():
        raise CommandError(refusal)


def leave() -> None:
    """Its place is free. Other processes that still run here note it anew."""
    with suppress(DatabaseError):
        _hosts().filter(pk=host_id()).delete()


def note_host_forever() -> None:
    """In a thread of its own, where there is no clock."""
    threading.Thread(target=_noting, name="note-host", daemon=True).start()


def _noting() -> None:
    while True:
        try:
            note_host()
        except DatabaseError:
            logger.warning("This host could not be noted", exc_info=True)
        finally:
            connection.close()
        time.sleep(EVERY.total_seconds())


def living_hosts() -> list[str]:
    """Names of those that were there a moment ago, this one included; also before the database had a table of them."""
    tables = connection.introspection.table_names()
    if _hosts().model._meta.db_table in tables:
        return sorted(hosts_seen().values_list("name", flat=True))
    entries = apps.get_model("jobs", "ClockEntry").objects
    if entries.model._meta.db_table not in tables:
        return []
    lately = entries.filter(started_at__gt=now() - GONE_AFTER, started_at__lte=furthest(timedelta(0)))
    return sorted(set(lately.values_list("host", flat=True)))


def why_not_migrated() -> str:
    """Why pending migrations are not to be applied now; empty when they may be."""
    names = living_hosts()
    stopping = [str(each) for each in missing() if needs_stop(each)] if names else []
    if not stopping:
        return ""
    return (
        f"The console runs on {', '.join(names)}, and {len(stopping)} of the pending migrations change what it works "
        f"with, the first of them {stopping[0]}."
    )


def check_stopped(databases: Collection[str] | None = None, **_options: Any) -> list[CheckMessage]:
    """Migrations that need a stop, while a host works."""
    why = why_not_migrated() if databases else ""
    hint = "Stop it on all hosts. One that has ended without a word is forgotten after a minute."
    return [Error(why, hint=hint, id="ims.E005")] if why else []


def check_hosts(databases: Collection[str] | None = None, **_options: Any) -> list[CheckMessage]:
    """A second host on what is one host's own."""
    if not databases or _hosts().model._meta.db_table not in connection.introspection.table_names():
        return []
    refusal = _refusal()
    return [Error(refusal, id="ims.E004")] if refusal else []
