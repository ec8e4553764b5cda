"""Whether the console can work, for a load balancer and for whoever watches it. Needs no sign-in, tells no secret.

`live`: this process answers; one that does not is to be started anew. `ready`: it can serve pages; requests are to be sent
elsewhere as long as it cannot. `healthz`: the console works, its workers included.
"""

import os
import shutil
import socket
from functools import cache
from pathlib import Path

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, JsonResponse

from imsconsole.accounts.access import page_view
from imsconsole.console_backup.last import last_backup
from imsconsole.jobs.periodic import is_worker_alive
from imsconsole.watch.exposition import versions

LEAST_FREE_BYTES = 64 * 1024**2
READ_ONLY = {"postgresql": "SHOW transaction_read_only"}


@page_view.for_anyone
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when the database answers, is of this version and may be written, the store can be written and has room, and a worker was seen within 30 s; else 503.

    It tells besides whether the bridge to screens listens: without it pages show of servers what was seen last, and all else works;
    and how the last backup of the console went.
    """
    checks = _checks()
    checks["worker"] = checks["database"] and is_worker_alive()
    return _answer(checks, screens=_bridge_listens(), backup=_backup() if checks["schema"] else None)


@page_view.for_anyone
def live(request: HttpRequest) -> JsonResponse:
    """200, whatever else does not work."""
    return _answer({})


@page_view.for_anyone
def ready(request: HttpRequest) -> JsonResponse:
    """As `healthz`, whether or not a worker is there: pages are served without."""
    return _answer(_checks())


def _answer(checks: dict[str, bool], **more: object) -> JsonResponse:
    ok = all(checks.values())
    told = {"ok": ok, **checks, **more, "version": versions()["version"]}
    return JsonResponse(told, status=200 if ok else 503)


def _checks() -> dict[str, bool]:
    database = _database_answers()
    return {"database": database, "schema": database and _is_migrated(), "store": _store_is_writable()}


def _backup() -> dict[str, object]:
    """Its age, none as long as there was none; whether a later one failed; whether it is older than a day though one is to be made daily."""
    last = last_backup()
    age = round(last.age.total_seconds()) if last.age is not None else None
    return {"age_seconds": age, "failed": last.failed is not None, "late": last.is_late}


def _database_answers() -> bool:
    """Also whether it would take a change. That one is really made, every few seconds, is what the worker's check says."""
    question = READ_ONLY.get(connection.vendor, "SELECT 1")
    try:
        with connection.cursor() as cursor:
            cursor.execute(question)
            return cursor.fetchone() in ((1,), ("off",))
    except Error:
        return False


def _is_migrated() -> bool:
    """Whether the database has all that this version asks of it. It may have more: of a newer one, on its way in."""
    return _on_disk() <= MigrationRecorder(connection).applied_migrations().keys()


@cache
def _on_disk() -> set[tuple[str, str]]:
    return set(MigrationLoader(None).disk_migrations)


def _bridge_listens() -> bool:
    try:
        socket.create_connection((settings.IMS_BIND, settings.IMS_SCREEN_PORT), timeout=1).close()
    except OSError:
        return False
    return True


def _store_is_writable() -> bool:
    """The folders that bytes go to, a database of files included; a region's is made when it is first used."""
    own = (settings.DATA_DIR, settings.DATABASE_DIR, settings.UPLOAD_DIR)
    folders = [*map(Path, own), *Path(settings.DATA_DIR).glob("regions/*/")]
    return all(os.access(folder, os.W_OK | os.X_OK) and _has_room(folder) for folder in folders)


def _has_room(folder: Path) -> bool:
    return shutil.disk_usage(folder).free >= LEAST_FREE_BYTES
