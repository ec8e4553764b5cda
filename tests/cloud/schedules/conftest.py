"""Servers and their backups as rows; what the clock does with them."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import Backup, BackupSchedule, Server, Vault
from imsconsole.cloud.schedules.running import run_schedules
from imsconsole.core import now as clock
from imsconsole.core.now import now
from imsconsole.jobs.models import Job
from tests.factories import BackupScheduleFactory, DiskFactory, ServerFactory, VaultFactory


@pytest.fixture
def vault(people: SimpleNamespace) -> Vault:
    return VaultFactory(project=people.bob.project, name="daily", capacity_gb=100)


def a_server(actor: Actor, **fields: Any) -> Server:
    """A stopped server with a disk of 4 GB."""
    server = ServerFactory(**{"project": actor.project, "status": "stopped", "ref": "there", **fields})
    DiskFactory(server=server, size_gb=4, image=server.image, ref="there")
    return server


def due_schedule(actor: Actor, vault: Vault, *servers: Server, **fields: Any) -> BackupSchedule:
    """Its time has just come, and comes again in half a day or so, whatever the hour is."""
    times = {"next_at": now() - timedelta(minutes=1), "hour": (now().hour + 12) % 24, "time_zone": "UTC"}
    return BackupScheduleFactory(project=actor.project, vault=vault, servers=servers, **{**times, **fields})


def end(backup: Backup, status: str = "available", **fields: Any) -> None:
    """As its job ends it."""
    Job.objects.filter(subject_id=backup.pk).update(state="done", finished_at=now())
    Server.objects.filter(pk=backup.server_id).update(task="")
    Backup.objects.filter(pk=backup.pk).update(status=status, taken_at=now(), **fields)


def made_by(schedule: BackupSchedule) -> list[Backup]:
    return list(Backup.objects.existing().filter(schedule=schedule).order_by("created_at"))


def a_night(schedule: BackupSchedule, status: str = "available", **fields: Any) -> None:
    """A day passes, and each of its servers is tried."""
    clock.move(timedelta(days=1))
    run_schedules()
    for _ in schedule.members.all():
        for backup in Backup.objects.filter(schedule=schedule, status="creating"):
            end(backup, status, **fields)
        run_schedules()
