"""An engine that has to make a new machine for another system disk, and cannot: none is left, and all disks are."""

import pytest
from django.utils.translation import override

from images.change_os.services import change_os
from images.verify.store_check import differences
from imsconsole.cloud.backups.services import create_backup, restore_backup
from imsconsole.cloud.disks.rules import can_detach_disk, can_grow_disk, can_take_disk, is_source
from imsconsole.cloud.models import Backup, Disk, Server
from imsconsole.cloud.servers.reconcile import reconcile_all, reconcile_server
from imsconsole.cloud.servers.rules import can_reboot, can_resize, can_stop
from imsconsole.cloud.servers.services import delete_server, start_server
from imsconsole.cloud.system_disk.services import undo_change_os
from imsconsole.cloud.tray.rules import can_mount_iso
from imsconsole.engine.types import Kind
from imsconsole.jobs.models import Job
from imsconsole.jobs.services import retry_job
from tests.cloud.conftest import _short_stop, engine  # noqa: F401
from tests.cloud.servers.machines import bootable_image, running_server
from tests.conftest import client_of
from tests.engine.guests import wait_until
from tests.factories import VaultFactory
from tests.support.elsewhere import cloud_engine
from tests.support.workers import run_jobs

pytestmark = [pytest.mark.django_db, pytest.mark.guest]


@pytest.fixture
def cloud(engine):  # noqa: F811
    with cloud_engine() as cloud:
        yield cloud


@pytest.fixture
def server(people, cloud) -> Server:
    """One whose OS was to be changed."""
    server = running_server(people.bob, image=bootable_image(people.bob, word="OLD"), data_disks_gb=[1])
    cloud.is_full = True
    change(server, people.bob)
    assert (server.status, server.status_code, server.ref) == ("no-machine", "no-machine", "")
    cloud.is_full = False
    return server


def change(server: Server, actor, word: str = "NEW") -> None:
    image = bootable_image(actor, word=word)
    change_os(server, actor=actor, image=image, stop_first=True, user_data="#!/bin/sh\n")
    rested(server)


def rested(server: Server) -> Server:
    run_jobs()
    server.refresh_from_db()
    return server


def hears(cloud, server: Server, word: str) -> None:
    """The server runs that system, and all its disks are where its rows say."""
    assert server.status == "running", (server.status, server.status_sentence)
    wait_until(lambda: cloud.console_log(server.ref).rstrip().endswith(word))
    there = cloud.inventory()
    assert {disk.ref for disk in Disk.objects.existing()} == there.disks
    assert list(differences()) == []


def test_the_former_disks_are_kept_and_what_was_to_come_is_gone(server, cloud):
    job = Job.objects.get(kind="server.change-os")
    assert (job.state, job.error_code) == ("failed", "no-guest-memory")
    assert {disk.ref for disk in server.disks.existing()} == cloud.inventory().disks
    assert [disk.status for disk in server.disks.existing()] == ["in-use", "in-use"]
    assert cloud.find(Kind.SERVER, server.pk) == ()
    assert server.usage.get(ended_at=None).state == "stopped"


def test_a_start_makes_a_machine_of_them(people, server, cloud):
    start_server(server, actor=people.bob)
    hears(cloud, rested(server), "OLD")


def test_a_start_that_makes_none_leaves_it_as_it_was(people, server, cloud):
    cloud.is_full = True
    start_server(server, actor=people.bob)
    assert rested(server).status == "no-machine"


def test_a_retry_leads_to_the_new_system(people, server, cloud):
    retry_job(Job.objects.get(kind="server.change-os"), actor=people.bob)
    hears(cloud, rested(server), "NEW")
    assert server.disks.kept().count() == 1


def test_an_undo_of_an_earlier_change_leads_out_of_it(people, cloud):
    server = running_server(people.bob, image=bootable_image(people.bob, word="OLD"))
    change(server, people.bob)
    cloud.is_full = True
    undo_change_os(server.disks.kept().get(), actor=people.bob)
    assert rested(server).status == "no-machine"
    assert server.disks.kept().count() == 1
    cloud.is_full = False
    undo_change_os(server.disks.kept().get(), actor=people.bob)
    hears(cloud, rested(server), "OLD")


def test_a_backup_whose_restoration_left_it_so_is_restored_by_a_retry(people, cloud):
    server = running_server(people.bob, image=bootable_image(people.bob, word="OLD"), data_disks_gb=[1])
    vault = VaultFactory(project=people.bob.project)
    backup = create_backup(server, vault=vault, name="first", actor=people.bob)
    run_jobs()
    change(server, people.bob)
    before = set(server.disks.attached().values_list("pk", flat=True))
    cloud.is_full = True
    restore_backup(backup, stop_first=True, actor=people.bob)
    assert rested(server).status == "no-machine"
    assert set(server.disks.attached().values_list("pk", flat=True)) == before
    assert Backup.objects.get(pk=backup.pk).status == "available"
    cloud.is_full = False
    retry_job(Job.objects.get(kind="backup.restore"), actor=people.bob)
    hears(cloud, rested(server), "OLD")
    assert not before & set(server.disks.attached().values_list("pk", flat=True))


def test_it_is_deleted_with_all_its_disks(people, server, cloud):
    delete_server(server, actor=people.bob, delete_disks=True)
    assert rested(server).status == "deleted"
    assert not cloud.inventory().disks


def test_what_needs_a_machine_is_refused_with_that_sentence(people, server):
    bob, data = people.bob, server.disks.get(role="data")
    for verdict in (
        can_resize(server, bob),
        can_mount_iso(server, bob),
        can_take_disk(server, bob),
        can_detach_disk(data, bob),
        can_grow_disk(data, bob),
    ):
        assert verdict.code == "no-machine"
    assert can_stop(server, bob).code == can_reboot(server, bob).code == "server-not-running"
    assert is_source(server).code == "server-no-source"


def test_nobody_takes_it_for_anything_else(server):
    reconcile_all()
    assert reconcile_server(server).status == "no-machine"
    assert list(differences()) == []


@pytest.mark.parametrize(
    ("language", "label", "said"),
    [("en", "No machine", "Its disks are kept."), ("zh-hans", "无虚拟机", "其磁盘均已保留")],
)
def test_page_and_list_say_so_and_what_leads_out_of_it(people, server, language, label, said):
    client = client_of(people.bob)
    client.cookies["django_language"] = language
    with override(language):
        page, rows = (
            client.get(url).content.decode() for url in (server.get_absolute_url(), server.list_page)
        )
    for text in (page, rows):
        assert label in text
        assert said in text
    assert f"/servers/{server.pk}/start/" in page
    assert f"/jobs/{Job.objects.get(kind='server.change-os').pk}/retry/" in page
