"""Whether the console can work, for a load balancer and for whoever watches it. Needs no sign-in, tells no secret."""

import os
import socket
from pathlib import Path

from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, JsonResponse

from imsconsole.accounts.access import page_view
from imsconsole.jobs.periodic import is_worker_alive


@page_view.never_cached.for_anyone
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when the database answers, the store can be written and a worker was seen within 30 s; else 503.

    It tells besides whether the bridge to screens listens: without it pages have the picture, and all else works.
    """
    database = _database_answers()
    checks = {"database": database, "store": _store_is_writable(), "worker": database and is_worker_alive()}
    ok = all(checks.values())
    return JsonResponse({"ok": ok, **checks, "screens": _bridge_listens()}, status=200 if ok else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return cursor.fetchone() == (1,)
    except Error:
        return False


def _bridge_listens() -> bool:
    try:
        socket.create_connection((settings.IMS_BIND, settings.IMS_SCREEN_PORT), timeout=1).close()
    except OSError:
        return False
    return True


def _store_is_writable() -> bool:
    """The folders that bytes go to; a region's is made when it is first used."""
    folders = (
        Path(settings.DATA_DIR),
        Path(settings.UPLOAD_DIR),
        *Path(settings.DATA_DIR).glob("regions/*/"),
    )
    return all(os.access(folder, os.W_OK | os.X_OK) for folder in folders)
