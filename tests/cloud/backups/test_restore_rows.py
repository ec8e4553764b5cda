"""Restoring a backup to its server before a disk is made: what is refused, and what the job is told."""

import pytest

from imsconsole.cloud.backups.rules import can_restore_to
from imsconsole.cloud.backups.services import restore_backup
from imsconsole.cloud.hosts import Host
from imsconsole.cloud.models import Backup, BytesUse
from imsconsole.core.rules import Refused
from imsconsole.engine.types import Capabilities
from imsconsole.jobs.models import Job
from tests.factories import BackupDiskFactory, BackupFactory, DiskFactory, ServerFactory

HOST = Host(Capabilities(accelerator="tcg", memory_mb=4096), 4096)


@pytest.fixture
def backup(people) -> Backup:
    """Of a stopped server with two disks."""
    server = ServerFactory(project=people.bob.project, ref="there")
    backup = BackupFactory(project=people.bob.project, server_id=server.pk)
    for index, role in ((0, "system"), (1, "data")):
        DiskFactory(server=server, role=role, index=index, image=None if index else server.image)
        BackupDiskFactory(backup=backup, index=index)
    return backup


def test_a_backup_comes_back_to_its_own_server_where_its_disks_have_places(people, backup):
    def code(server) -> str:
        asked = Backup.objects.get(pk=backup.pk)
        return can_restore_to(asked, server, people.bob, stop_first=False, host=HOST).code

    server = people.bob.project.servers.get()
    other = ServerFactory(project=people.bob.project, ref="there")
    assert (code(server), code(other)) == ("", "backup-of-other-server")
    for index in range(2, 9):
        DiskFactory(server=server, role="data", index=index)
    assert code(server) == ""
    BackupDiskFactory(backup=backup, index=9)
    assert code(server) == "data-disk-count"


def test_the_disks_of_a_server_stay_beside_those_of_its_backup_and_all_must_fit_the_quota(people, backup):
    server = people.bob.project.servers.get()
    for quota, code in ((4, ""), (3, "quota-disks")):
        people.bob.project.quotas = {"disks": quota}
        people.bob.project.save(update_fields=["quotas"])
        assert can_restore_to(backup, server, people.bob, stop_first=False, host=HOST).code == code


def test_a_server_that_is_off_starts_afterwards_so_its_memory_must_be_free(people, backup):
    server, full = people.bob.project.servers.get(), Host(HOST.capabilities, 0)
    for status, code in (("stopped", "no-guest-memory"), ("running", "")):
        server.status = status
        assert can_restore_to(backup, server, people.bob, stop_first=True, host=full).code == code


def test_a_restoration_is_told_its_disks_and_holds_their_bytes(people, backup):
    server = restore_backup(backup, actor=people.bob)
    job = Job.objects.live().touching(backup.pk).get()
    made = {disk.role: str(disk.pk) for disk in server.disks.filter(beside=True)}
    assert (server.status, job.args["disk_id"]) == ("restoring", made["system"])
    assert job.args["former_id"] == str(server.disks.attached().get(role="system").pk)
    stored = {disk.role: disk for disk in backup.disks.all()}
    assert job.args["disks"] == {made[role]: str(stored[role].pk) for role in ("system", "data")}
    held = BytesUse.objects.filter(job=job).values_list("stored", flat=True)
    assert set(held) == {disk.stored_id for disk in stored.values()}
    with pytest.raises(Refused, match="backup-busy"):
        restore_backup(backup, actor=people.bob)
