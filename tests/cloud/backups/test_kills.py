"""Whenever a worker dies, a backup is whole or nothing, and its server is at rest."""

from typing import Any

import pytest

from images.verify.store_check import differences
from imsconsole.cloud.backups.jobs import DeleteBackup
from imsconsole.cloud.backups.jobs_create import CreateBackup
from imsconsole.cloud.backups.jobs_restore import RestoreBackup
from imsconsole.cloud.backups.services import create_backup, delete_backup, restore_backup
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import Backup, Disk, Server
from imsconsole.cloud.servers.services import stop_server
from imsconsole.engine.types import Unwatched
from imsconsole.jobs.models import Job
from tests.cloud.backups.making import REGION, read_from, read_stored, stored_backup, write_on
from tests.factories import VaultFactory
from tests.support.workers import kill_at_every_step, run_jobs

pytestmark = [
    pytest.mark.slow(reason="a new worker dies at every point"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("on_each_engine"),
]


def backup_of(job: Job) -> Backup:
    return Backup.objects.get(pk=job.args["backup_id"])


def bring_to_rest(server: Server, actor: Any) -> None:
    """Stopped, and without what an earlier restoration put aside."""
    server.refresh_from_db()
    if server.status == "running":
        stop_server(server, actor=actor)
        run_jobs()
    for disk in Disk.objects.existing().exclude(pk__in=server.disks.attached()):
        engine_for(REGION).delete_disk(disk.ref, work=Unwatched())
        disk.delete()


def test_a_backup(people, server):
    vault = VaultFactory(project=people.bob.project, capacity_gb=1000)

    def begin() -> Job:
        backup = create_backup(server, vault=vault, name="first", actor=people.bob)
        return Job.objects.get(subject_id=backup.pk)

    def check(job: Job) -> None:
        backup = backup_of(job)
        assert backup.status == ("available" if job.state == "done" else "failed")
        words = [read_stored(disk.ref) for disk in backup.disks.exclude(stored=None)]
        assert words == (["OLD"] * 3 if job.state == "done" else [])
        assert Server.objects.get(pk=server.pk).task == ""
        assert list(differences()) == []

    kill_at_every_step(CreateBackup, begin, check)


def test_a_restoration(people, server, monkeypatch):
    monkeypatch.setattr("imsconsole.engine.local.probe.QEMU", "qemu-system-x86_64")  # with which it starts
    Server.objects.update(
        boot_mode="bios"
    )  # what firmware keeps when systems are exchanged: change_os' kills
    Disk.objects.update(secure_boot=False, tpm=False)
    vault = VaultFactory(project=people.bob.project)
    backup = create_backup(server, vault=vault, name="first", actor=people.bob)
    run_jobs()

    def begin() -> Job:
        bring_to_rest(server, people.bob)
        for disk in server.disks.attached():
            write_on(disk, "NEW")
        restore_backup(backup, actor=people.bob)
        return Job.objects.live().about(server.pk).get()

    def check(job: Job) -> None:
        words = [read_from(disk) for disk in server.disks.attached()]
        assert words == (["OLD"] if job.state == "done" else ["NEW"]) * 3
        assert backup_of(job).status == "available"
        status = Server.objects.get(pk=server.pk).status
        assert status == ("running" if job.state == "done" else "stopped")
        assert not server.disks.existing().filter(status__in=["creating", "detaching"]).exists()
        for disk in Disk.objects.existing().exclude(pk__in=server.disks.attached()):
            assert read_from(disk) == "NEW"
        assert list(differences()) == []

    kill_at_every_step(RestoreBackup, begin, check)


def test_a_deletion(people):
    def begin() -> Job:
        backup = delete_backup(stored_backup(people.bob), actor=people.bob)
        return Job.objects.get(subject_id=backup.pk)

    def check(job: Job) -> None:
        backup = Backup.objects.get(pk=job.subject_id)
        assert backup.status == ("deleted" if job.state == "done" else "failed")
        assert list(differences()) == []

    kill_at_every_step(DeleteBackup, begin, check)
