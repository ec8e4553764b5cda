"""The clock: periodic work, once when due across all hosts, caught up after a pause.

A room lists its work in `clock.py` as `PERIODIC = (Periodic(name, every, function), …)`.
"""

import logging
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from django.db import close_old_connections
from django.db.models import QuerySet

from imsconsole.core.errors import ImsError
from imsconsole.core.logs import about
from imsconsole.core.now import due, furthest, now
from imsconsole.core.periodic import Periodic
from imsconsole.core.rooms import drawers
from imsconsole.jobs.hosts import EVERY, note_host
from imsconsole.jobs.models import ClockEntry

logger = logging.getLogger(__name__)
SEEN_WITHIN = timedelta(seconds=30)


def all_periodic() -> Iterator[Periodic]:
    """The periodic work of every room, by the name that it has on this host."""
    for module in drawers("clock"):
        for periodic in getattr(module, "PERIODIC", ()):
            yield replace(periodic, name=name_here(periodic)) if periodic.on_each_host else periodic


def name_here(periodic: Periodic) -> str:
    return f"{periodic.name}@{socket.gethostname()}"[:64]


def tick() -> None:
    """Run all that is due now. An error of one does not stop the others."""
    due_at = dict(ClockEntry.objects.values_list("name", "due_at"))
    for periodic in all_periodic():
        at = due_at.get(periodic.name)
        if (at is None or not now() < at <= furthest(periodic.every)) and _take(periodic):
            _run(periodic)


def _take(periodic: Periodic) -> bool:
    """Whether this host is the one to run it now. After a pause it is due once, not many times."""
    ClockEntry.objects.get_or_create(name=periodic.name, defaults={"due_at": now()})
    entry = ClockEntry.objects.filter(due("due_at", periodic.every), name=periodic.name)
    return bool(entry.update(due_at=now() + periodic.every, started_at=now(), host=socket.gethostname()[:64]))


def _run(periodic: Periodic) -> None:
    with about(work=periodic.name):
        error = _error_of(periodic)
    ClockEntry.objects.filter(name=periodic.name).update(finished_at=now(), error=error)


def _error_of(periodic: Periodic) -> str:
    """What its run ended with; empty when it was done."""
    error = ""
    try:
        periodic.function()
    except ImsError as expected:
        error = str(expected)
        logger.warning("Clock: %s was not done this time: %s", periodic.name, error)
    except Exception as unexpected:
        error = repr(unexpected)
        logger.exception(
            "Clock: %s met an unexpected error; it is run again when it is next due", periodic.name
        )
    return error


def run_forever(interval_s: float) -> None:
    """Tick until the process is stopped."""
    noted_at = float("-inf")
    while True:
        close_old_connections()
        if time.monotonic() - noted_at >= EVERY.total_seconds():
            note_host()
            noted_at = time.monotonic()
        tick()
        time.sleep(interval_s)


def is_worker_alive() -> bool:
    """Whether a clock, which lives and dies with its workers, has been seen on any host lately."""
    return clocks_seen().exists()


def clocks_seen() -> QuerySet[ClockEntry]:
    """What any host's clock has run lately. What it is to have run later than now says nothing."""
    return ClockEntry.objects.filter(
        started_at__gt=now() - SEEN_WITHIN, started_at__lte=furthest(timedelta(0))
    )
