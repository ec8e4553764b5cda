"""Backups of servers: rule, service, job, page. Guests: test_guests; deaths: test_kills."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse

from images.verify.store_check import differences
from imsconsole.audit.models import Event
from imsconsole.cloud.backups.rules import can_back_up, can_back_up_into, can_create_backup
from imsconsole.cloud.backups.services import create_backup, create_legacy_backup, delete_backup
from imsconsole.cloud.backups.vaults.filters import vaults_of
from imsconsole.cloud.disks.services import detach_disk, grow_disk
from imsconsole.cloud.models import Backup, Server
from imsconsole.cloud.servers.services import delete_server, start_server
from imsconsole.core.errors import NotFound
from imsconsole.core.now import now
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from imsconsole.engine.types import GIB
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import used_by
from imsconsole.jobs.services import cancel_job, retry_job
from tests.cloud.backups.making import read_stored, write_on
from tests.conftest import client_of
from tests.factories import BackupFactory, DiskFactory, ServerFactory, VaultFactory
from tests.support.at_once import DONE, at_once
from tests.support.faults import faulty_engine
from tests.support.workers import run_jobs


@pytest.fixture
def vault(people):
    return VaultFactory(project=people.bob.project, name="daily", capacity_gb=10)


def a_server(actor, **fields) -> Server:
    server = ServerFactory(**{"project": actor.project, "status": "stopped", "ref": "there", **fields})
    DiskFactory(server=server, size_gb=4, image=server.image, ref="there")
    return server


def into(server, vault, actor):
    return can_back_up_into(server, vaults_of(actor).get(pk=vault.pk), actor)


# rules ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [each for each in Server.Status.values if each != "deleted"])
def test_only_running_and_stopped_servers_are_backed_up_r30(people, status):
    server = a_server(people.bob, status=status)
    assert bool(can_back_up(server, people.bob)) == (status in ("running", "stopped"))
    assert can_back_up(server, people.dave).code == can_create_backup(people.dave).code == "read-only"


def test_a_server_with_a_task_waits(people):
    assert can_back_up(a_server(people.bob, task="image"), people.bob).code == "server-task"


def test_no_disk_may_be_at_work(people):
    server = a_server(people.bob)
    DiskFactory(server=server, role="data", index=1, status="growing")
    assert can_back_up(server, people.bob).code == "server-disks-busy"
    with pytest.raises(Refused, match="server-disks-busy"):
        create_legacy_backup(server, name="old", actor=people.bob)


def test_a_vault_must_have_room_for_all_disks(people, vault):
    server = a_server(people.bob)
    DiskFactory(server=server, role="data", index=1, size_gb=6)
    assert into(server, vault, people.bob)
    BackupFactory(project=people.bob.project, vault=vault, size_gb=1, status="creating")
    assert into(server, vault, people.bob).code == "vault-full"


def test_a_server_stays_with_its_vault(people, vault):
    server, other = a_server(people.bob), VaultFactory(project=people.bob.project, name="weekly")
    backup = BackupFactory(project=people.bob.project, vault=other, server_id=server.pk)
    assert into(server, vault, people.bob).code == "server-in-other-vault"
    assert "weekly" in str(into(server, vault, people.bob).reason)
    assert into(a_server(people.bob), vault, people.bob), "another's backups bind it to nothing"
    copied = a_server(people.bob)
    there = VaultFactory(project=people.carol.project)
    BackupFactory(project=there.project, vault=there, server_id=copied.pk)
    assert into(copied, vault, people.bob), "copies of its backups in another region bind it to nothing"
    assert into(server, other, people.bob)
    Backup.objects.filter(pk=backup.pk).update(status="failed")
    assert into(server, vault, people.bob)


def test_the_quota_of_stored_bytes_is_asked(people, vault):
    people.bob.project.quotas = {"store_bytes": 4 * GIB - 1}
    people.bob.project.save()
    assert into(a_server(people.bob), vault, people.bob).code == "quota-store-bytes"


# the work ---------------------------------------------------------------------------------------------


@pytest.mark.slow(reason="every disk of a server is backed up and read back")
def test_a_backup_holds_every_disk_of_the_server(people, server, vault):
    backup = create_backup(server, vault=vault, name="first", actor=people.bob)
    assert (backup.status, Server.objects.get(pk=server.pk).task) == ("creating", "backup")
    assert used_by(people.bob.project)["store_bytes"] >= 4 * GIB
    assert vaults_of(people.bob).get().used_bytes == 4 * GIB
    run_jobs()
    backup.refresh_from_db()
    assert (backup.status, backup.error_sentence) == ("available", "")
    disks = list(backup.disks.all())
    assert [(disk.role, disk.size_gb) for disk in disks] == [("system", 1), ("data", 1), ("data", 2)]
    assert [read_stored(disk.ref) for disk in disks] == ["OLD"] * 3
    assert (backup.server_name, backup.image_id, backup.taken_at is not None) == (
        "web",
        server.image_id,
        True,
    )
    assert vaults_of(people.bob).get().used_bytes == sum(disk.size_bytes for disk in disks)
    assert Server.objects.get(pk=server.pk).task == ""
    assert list(differences()) == []
    assert Event.objects.filter(action="createBackup", resource_id=str(backup.pk)).exists()


@pytest.mark.slow(reason="a server is backed up, written to and deleted")
def test_what_is_written_later_is_not_in_it_and_it_outlives_its_server(people, server, vault):
    backup = create_backup(server, vault=vault, name="first", actor=people.bob)
    run_jobs()
    for disk in server.disks.all():
        write_on(disk, "NEW")
    delete_server(Server.objects.get(pk=server.pk), delete_disks=True, actor=people.bob)
    run_jobs()
    assert [read_stored(disk.ref) for disk in backup.disks.all()] == ["OLD"] * 3
    assert list(differences()) == []


def test_nothing_else_is_done_to_the_server_meanwhile_r130(people, vault):
    server = a_server(people.bob)
    disk = DiskFactory(server=server, role="data", index=1, ref="there")
    backup = create_backup(server, vault=vault, name="first", actor=people.bob)
    for other in (
        lambda: start_server(server, actor=people.bob),
        lambda: delete_server(server, delete_disks=True, actor=people.bob),
        lambda: detach_disk(disk, actor=people.bob),
        lambda: grow_disk(disk, size_gb=5, actor=people.bob),
        lambda: create_backup(server, vault=vault, name="second", actor=people.bob),
    ):
        with pytest.raises(Refused, match="server-task"):
            other()
    with pytest.raises(Refused, match="backup-busy"):
        delete_backup(backup, actor=people.bob)
    job = Job.objects.live().get()
    assert Job.objects.live().touching(server.pk).get() == job
    assert job.get_absolute_url() in client_of(people.bob).get(server.get_absolute_url()).content.decode()


def test_a_cancelled_backup_leaves_nothing(people, server, vault):
    backup = create_backup(server, vault=vault, name="first", actor=people.bob)
    cancel_job(Job.objects.live().get(), actor=people.bob)
    run_jobs()
    backup.refresh_from_db()
    assert (backup.status, vaults_of(people.bob).get().used_bytes) == ("failed", 0)
    assert Server.objects.get(pk=server.pk).task == ""
    assert used_by(people.bob.project)["store_bytes"] == server.image.disks.get().size_bytes
    assert list(differences()) == []


@pytest.mark.slow(reason="a backup is made again after each failure")
def test_a_failed_backup_says_why_and_can_be_tried_again_while_there_is_room(people, server, vault):
    with faulty_engine("capture:1", full=True):
        backup = create_backup(server, vault=vault, name="first", actor=people.bob)
        run_jobs()
    backup.refresh_from_db()
    assert (backup.status, backup.error_code) == ("failed", "no-space")
    job = Job.objects.get(args__backup_id=str(backup.pk))
    full = BackupFactory(project=people.bob.project, vault=vault, size_gb=8, status="creating")
    with pytest.raises(Refused, match="vault-full"):
        retry_job(job, actor=people.bob)
    full.delete()
    retry_job(job, actor=people.bob)
    run_jobs()
    backup.refresh_from_db()
    assert (backup.status, backup.error_code) == ("available", "")
    assert read_stored(backup.disks.first().ref) == "OLD"


@pytest.mark.slow(reason="a server is backed up and the backup read through")
def test_a_backup_that_reads_differently_than_it_was_written_fails(people, server, vault, monkeypatch):
    monkeypatch.setattr("imsconsole.engine.local.engine.LocalEngine.verify", lambda *_a, **_k: False)
    backup = create_backup(server, vault=vault, name="first", actor=people.bob)
    run_jobs()
    backup.refresh_from_db()
    assert (backup.status, backup.error_code) == ("failed", "backup-differs")
    monkeypatch.undo()
    assert list(differences()) == []


@pytest.mark.slow(reason="a server is backed up and read back")
def test_legacy_backups_have_the_same_bytes_and_no_vault(people, server):
    backup = create_legacy_backup(server, name="old", actor=people.bob)
    run_jobs()
    backup.refresh_from_db()
    assert (backup.kind, backup.vault, backup.status) == ("csbs", None, "available")
    assert [read_stored(disk.ref) for disk in backup.disks.all()] == ["OLD"] * 3


def test_a_legacy_backup_is_made_by_a_job_that_has_the_server(people):
    backup = create_legacy_backup(server := a_server(people.bob), name="old", actor=people.bob)
    job = Job.objects.live().touching(server.pk).get()
    assert (job.kind, job.args["backup_id"]) == ("backup.create", str(backup.pk))
    assert Server.objects.get(pk=server.pk).task == "backup"


def test_a_server_of_others_is_not_there(people, vault):
    server = a_server(people.bob)
    with pytest.raises(NotFound):
        create_backup(server, vault=vault, name="mine", actor=people.carol)
    with pytest.raises(NotFound):
        create_backup(server, vault=VaultFactory(project=people.carol.project), name="x", actor=people.bob)


@pytest.mark.slow(reason="backups are made until a vault is full")
@pytest.mark.django_db(transaction=True)
def test_the_capacity_of_a_vault_is_hard(people, vault):
    servers = [a_server(people.bob) for _ in range(4)]
    outcomes = at_once(
        *[
            lambda server=server: create_backup(server, vault=vault, name="b", actor=people.bob)
            for server in servers
        ]
    )
    assert sorted(outcomes) == [DONE, DONE, "vault-full", "vault-full"]
    assert vaults_of(people.bob).get().used_bytes == 8 * GIB


@pytest.mark.django_db(transaction=True)
def test_of_two_who_back_up_a_server_one_wins(people, vault):
    server = a_server(people.bob)
    outcomes = at_once(
        *[lambda: create_backup(server, vault=vault, name="b", actor=people.bob) for _ in range(2)]
    )
    assert sorted(outcomes) == [DONE, "server-task"]


# pages --------------------------------------------------------------------------------------------------


@pytest.mark.slow(reason="a server is backed up from its page")
def test_from_the_page_of_a_server_to_its_backup(people, server, vault):
    client = client_of(people.bob)
    url = reverse("servers:back-up", args=[server.pk])
    assert url in client.get(server.get_absolute_url()).content.decode()
    page = client.get(url).content.decode()
    assert "daily (10 GiB left)" in page
    typed = {"server": server.pk, "vault": vault.pk, "name": "first"}
    assert client.post(url, typed | {"name": "a b"}).status_code == 422
    made = client.post(url, typed)
    backup = Backup.objects.get(name="first")
    assert bare(made.url) == backup.get_absolute_url()
    assert "Creating" in client.get(made.url).content.decode()
    run_jobs()
    assert "Available" in client.get(made.url).content.decode()


def test_the_page_says_which_servers_cannot_be_backed_up_and_that_a_vault_is_missing(people):
    a_server(people.bob, name="busy-one", status="starting")
    page = client_of(people.bob).get(reverse("backups:create")).content.decode()
    assert "busy-one" in page
    assert "There is no vault" in page


@pytest.mark.slow(reason="servers are backed up from the administration")
def test_an_operator_makes_legacy_backups_from_the_list_of_servers(people, server, operator):
    client = Client()
    client.force_login(operator)
    url, chosen = reverse("admin:cloud_server_changelist"), {"_selected_action": str(server.pk)}
    asked = client.post(url, {"action": "back_up_as_csbs", **chosen})
    assert "Make legacy backups" in asked.content.decode()
    client.post(url, {"action": "back_up_as_csbs", "confirmed": "yes", **chosen})
    run_jobs()
    backup = Backup.objects.get()
    assert (backup.kind, backup.status, backup.project) == ("csbs", "available", people.bob.project)


def test_the_name_it_begins_with_is_of_the_readers_time(people):
    people.bob.user.time_zone = "Asia/Shanghai"
    people.bob.user.save()
    name = client_of(people.bob).get(reverse("backups:create")).context["form"]["name"].value()
    told = datetime.strptime(name, "backup-%Y%m%d-%H%M%S").replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    assert timedelta(0) <= now() - told < timedelta(minutes=1)
