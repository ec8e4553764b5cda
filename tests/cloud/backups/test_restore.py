"""Restoring a backup to its server: rule, service, job, page."""

import pytest
from django.urls import reverse

from images.verify.store_check import differences
from imsconsole.cloud.backups.rules import can_restore_to
from imsconsole.cloud.backups.services import create_backup, delete_backup, restore_backup
from imsconsole.cloud.disks.services import delete_disk, detach_disk
from imsconsole.cloud.hosts import Host
from imsconsole.cloud.models import Backup, Disk, Server
from imsconsole.cloud.servers.services import delete_server, start_server
from imsconsole.cloud.system_disk.services import undo_change_os
from imsconsole.core.errors import NotFound
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from imsconsole.engine.types import Capabilities
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import used_by
from imsconsole.jobs.services import cancel_job, retry_job
from tests.cloud.backups.making import read_from, write_on
from tests.conftest import client_of
from tests.factories import BackupDiskFactory, BackupFactory, DiskFactory, ServerFactory, VaultFactory
from tests.support.at_once import DONE, at_once
from tests.support.faults import faulty_engine
from tests.support.workers import run_jobs

HOST = Host(Capabilities(accelerator="tcg", memory_mb=4096), 4096)

pytestmark = pytest.mark.slow(reason="disks are backed up and restored")


@pytest.fixture
def backup(people, server) -> Backup:
    """Of the server, on whose disks NEW is written since."""
    vault = VaultFactory(project=people.bob.project)
    made = create_backup(server, vault=vault, name="first", actor=people.bob)
    run_jobs()
    for disk in server.disks.all():
        write_on(disk, "NEW")
    made.refresh_from_db()
    return made


def words_of(server) -> dict[int, str]:
    return {disk.index: read_from(disk) for disk in server.disks.attached().order_by("index")}


def a_backup(actor, *, server=None, **fields) -> tuple[Backup, Server]:
    there = ServerFactory(**{"project": actor.project, "status": "stopped", "ref": "there", **(server or {})})
    DiskFactory(server=there, image=there.image)
    backup = BackupFactory(project=actor.project, server_id=there.pk, **fields)
    BackupDiskFactory(backup=backup)
    return backup, there


# rules ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("backup", "server", "stop_first", "code"),
    [
        ({}, {}, False, ""),
        ({}, {"status": "running"}, False, "stop-first"),
        ({}, {"status": "running"}, True, ""),
        ({}, {"status": "change-os-failed"}, False, ""),
        ({}, {"status": "starting"}, True, "server-busy"),
        ({}, {"status": "restoring"}, True, "server-busy"),
        ({}, {"task": "backup"}, True, "server-task"),
        ({}, {"ref": ""}, True, "no-system-disk"),
        ({"status": "failed"}, {}, True, "backup-failed"),
        ({"status": "creating"}, {}, True, "backup-busy"),
    ],
)
def test_when_a_backup_is_restored(people, backup, server, stop_first, code):
    made, there = a_backup(people.bob, server=server, **backup)
    assert can_restore_to(made, there, people.bob, stop_first=stop_first, host=HOST).code == code
    assert can_restore_to(made, there, people.dave, stop_first=stop_first, host=HOST).code == "read-only"


def test_present_disks_are_kept_so_new_ones_must_fit_the_quota(people):
    people.bob.project.quotas = {"disks": 1}
    people.bob.project.save()
    made, there = a_backup(people.bob)
    assert can_restore_to(made, there, people.bob, stop_first=False, host=HOST).code == "quota-disks"


def test_a_server_has_at_most_8_data_disks_afterwards(people):
    made, there = a_backup(people.bob)
    for index in range(2, 10):
        DiskFactory(server=there, role="data", index=index)
    assert can_restore_to(made, there, people.bob, stop_first=False, host=HOST)
    BackupDiskFactory(backup=made, index=1)
    made = Backup.objects.get(pk=made.pk)
    assert can_restore_to(made, there, people.bob, stop_first=False, host=HOST).code == "data-disk-count"


# the work ---------------------------------------------------------------------------------------------


def test_the_server_is_what_it_was_and_nothing_is_lost(people, server, backup):
    former = {disk.index: disk.pk for disk in server.disks.all()}
    assert words_of(server) == {0: "NEW", 1: "NEW", 2: "NEW"}
    restored = restore_backup(backup, actor=people.bob)
    assert restored.status == "restoring"
    assert Backup.objects.get(pk=backup.pk).status == "restoring"
    run_jobs()
    server.refresh_from_db()
    assert (server.status, server.status_code) == ("stopped", "qemu-missing")
    assert words_of(server) == {0: "OLD", 1: "OLD", 2: "OLD"}
    assert Backup.objects.get(pk=backup.pk).status == "available"
    kept = Disk.objects.get(pk=former[0])
    assert (kept.status, kept.beside, read_from(kept)) == ("kept", True, "NEW")
    for index in (1, 2):
        disk = Disk.objects.get(pk=former[index])
        assert (disk.status, disk.server, disk.index, read_from(disk)) == ("available", None, 0, "NEW")
    assert server.usage.get(ended_at=None).disk_gb == 4
    assert used_by(people.bob.project)["disks"] == 6
    assert list(differences()) == []


def test_the_system_knows_itself_again(people, server, backup):
    """The same instance as then, so cloud-init does nothing anew; the login of then."""
    Server.objects.filter(pk=server.pk).update(user_data="changed since")
    restore_backup(backup, actor=people.bob)
    run_jobs()
    server.refresh_from_db()
    system = server.disks.attached().get(role="system")
    assert (system.instance_id, system.image_id) == (str(server.pk), server.image_id)
    assert server.user_data == "#!/bin/sh\n"


def test_it_restores_again_and_the_change_can_be_undone(people, server, backup):
    restore_backup(backup, actor=people.bob)
    run_jobs()
    former = server.disks.kept().get()
    undo_change_os(former, actor=people.bob)
    run_jobs()
    assert words_of(server) == {0: "NEW", 1: "OLD", 2: "OLD"}
    server.refresh_from_db()
    restore_backup(backup, actor=people.bob)
    run_jobs()
    assert words_of(server) == {0: "OLD", 1: "OLD", 2: "OLD"}
    assert list(differences()) == []


def test_disks_come_to_the_places_they_had_whatever_became_of_them(people, server, backup):
    gone = server.disks.get(index=1)
    detach_disk(gone, actor=people.bob)
    run_jobs()
    delete_disk(Disk.objects.get(pk=gone.pk), actor=people.bob)
    run_jobs()
    restore_backup(backup, actor=people.bob)
    run_jobs()
    assert words_of(server) == {0: "OLD", 1: "OLD", 2: "OLD"}


def test_nothing_is_done_to_server_and_backup_meanwhile(people, server, backup):
    restore_backup(backup, actor=people.bob)
    with pytest.raises(Refused, match="server-busy"):
        start_server(server, actor=people.bob)
    with pytest.raises(Refused, match="backup-busy"):
        delete_backup(backup, actor=people.bob)
    with pytest.raises(Refused, match="backup-busy"):
        restore_backup(backup, actor=people.bob)


@pytest.mark.parametrize("point", ["create_disk:2", "switch_system_disk:1"])
def test_a_restoration_that_fails_leaves_the_server_as_it_was(people, server, backup, point):
    before = list(server.disks.attached().order_by("index").values_list("pk", "status"))
    with faulty_engine(point, full=True):
        restore_backup(backup, actor=people.bob)
        run_jobs()
    server.refresh_from_db()
    assert (server.status, server.status_code) == ("stopped", "no-space")
    assert list(server.disks.attached().order_by("index").values_list("pk", "status")) == before
    assert words_of(server) == {0: "NEW", 1: "NEW", 2: "NEW"}
    assert used_by(people.bob.project)["disks"] == 3
    assert Backup.objects.get(pk=backup.pk).status == "available"
    assert list(differences()) == []
    retry_job(Job.objects.get(kind="backup.restore"), actor=people.bob)
    run_jobs()
    assert words_of(server) == {0: "OLD", 1: "OLD", 2: "OLD"}
    assert list(differences()) == []


def test_a_cancelled_restoration_leaves_the_server_as_it_was(people, server, backup):
    restore_backup(backup, actor=people.bob)
    cancel_job(Job.objects.live().get(), actor=people.bob)
    run_jobs()
    server.refresh_from_db()
    assert (server.status, words_of(server)) == ("stopped", {0: "NEW", 1: "NEW", 2: "NEW"})
    assert list(differences()) == []


def test_a_server_that_is_gone_is_not_restored(people, server, backup):
    delete_server(Server.objects.get(pk=server.pk), delete_disks=True, actor=people.bob)
    run_jobs()
    with pytest.raises(NotFound):
        restore_backup(backup, actor=people.bob)
    page = client_of(people.bob).get(reverse("backups:restore", args=[backup.pk])).content.decode()
    assert "is gone" in page


def test_others_restore_nothing(people, backup):
    with pytest.raises(NotFound):
        restore_backup(backup, actor=people.carol)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_restore_one_wins(people):
    made, _ = a_backup(people.bob)
    outcomes = at_once(*[lambda: restore_backup(made, actor=people.bob) for _ in range(2)])
    assert outcomes.count(DONE) == 1
    assert set(outcomes) <= {DONE, "backup-busy", "server-busy"}


@pytest.mark.django_db(transaction=True)
def test_a_backup_is_deleted_or_restored(people):
    made, _ = a_backup(people.bob)
    outcomes = at_once(
        lambda: restore_backup(made, actor=people.bob), lambda: delete_backup(made, actor=people.alice)
    )
    assert outcomes.count(DONE) == 1
    assert set(outcomes) <= {DONE, "backup-busy"}


# pages --------------------------------------------------------------------------------------------------


def test_the_page_says_what_becomes_of_the_disks(people, server, backup):
    client = client_of(people.bob)
    url = reverse("backups:restore", args=[backup.pk])
    assert url in client.get(backup.get_absolute_url()).content.decode()
    page = client.get(url).content.decode()
    assert "Kept for some days, for undo" in page
    assert page.count("Stays as an available disk") == 2
    assert bare(client.post(url).url) == server.get_absolute_url()
    run_jobs()
    assert words_of(server) == {0: "OLD", 1: "OLD", 2: "OLD"}
