"""Copying a full-ECS image to another region: with its backup, into a vault there. Rule, service, job, page."""

import random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from images.capture.full.services import capture_full, make_of_backup
from images.copy.jobs_across import CopyImageAcross
from images.copy.rules import can_copy_across, may_be_backed_up
from images.copy.services import copy_image_across
from images.delete.services import delete_image, purge_image
from images.launch.services import create_servers
from images.models import Image
from images.restore.services import restore_to_new_server
from images.verify.store_check import differences
from imsconsole.accounts.actor import Actor, service_actor
from imsconsole.cloud.backups.rules import is_bound_to
from imsconsole.cloud.backups.services import restore_backup
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import Backup, Vault
from imsconsole.core.errors import NotFound
from imsconsole.core.rules import Refused
from imsconsole.engine.types import GIB
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import used_by
from imsconsole.jobs.services import cancel_job, retry_job
from tests import factories
from tests.cloud.backups.conftest import no_qemu  # noqa: F401
from tests.cloud.backups.making import stored_backup
from tests.cloud.conftest import empty, engine  # noqa: F401
from tests.cloud.servers.machines import REGION, WORD, running_server, tiny_flavor
from tests.conftest import client_of
from tests.engine.guests import TestWork, wait_for
from tests.images.copy.test_copy_across import (
    FAR,
    assert_clean,
    counted_reads,
    dying,
    ended_later,
    facts,
    job_of,
    target,  # noqa: F401
)
from tests.support.at_once import DONE, at_once
from tests.support.faults import Crash, faulty_engine
from tests.support.workers import finish, kill_at_every_step, run_jobs

pytestmark = [pytest.mark.django_db, pytest.mark.slow(reason="several disks are copied to another region")]


@pytest.fixture
def vault(target):  # noqa: F811
    """Room for the three GB of one copy's disks."""
    factories.ZoneFactory(region=target.region)
    return factories.VaultFactory(project=target, name="far-vault", capacity_gb=3)


@pytest.fixture
def far_servers():
    """Servers there are removed after the test."""
    yield
    empty(engine_for(FAR))


def full_image(actor, name="whole") -> Image:
    """Of a backup of three disks."""
    backup = stored_backup(actor, disks=3, name=f"of-{name}", size_gb=3)
    image = make_of_backup(backup, name=name, actor=actor)
    run_jobs()
    return facts(image, actor)


def contents(disks, region) -> list[bytes]:
    found = []
    for disk in disks:
        with engine_for(region).open(disk.ref) as stream:
            found.append(stream.read())
    return found


def copied(image, actor, vault, **wanted) -> Image:
    order = {"target": vault.project, "vault": vault, "name": image.name, **wanted}
    return copy_image_across(image, actor=actor, **order)


def used_in(vault) -> int:
    return Vault.objects.with_facts().get(pk=vault.pk).used_bytes


# rule --------------------------------------------------------------------------------------------------


def test_its_backup_is_complete_and_none_of_its_disks_encrypted_r81(people):
    image = factories.ImageFactory(
        project=people.bob.project, type="full", backup=factories.BackupFactory(project=people.bob.project)
    )
    factories.ImageDiskFactory(image=image)
    data = factories.ImageDiskFactory(image=image, index=1)
    assert can_copy_across(facts(image, people.bob), people.bob)
    Backup.objects.update(status="creating")
    assert can_copy_across(facts(image, people.bob), people.bob).code == "backup-busy"
    Backup.objects.update(status="available")
    data.key = factories.KeyFactory(project=people.bob.project)
    data.save()
    verdict = can_copy_across(facts(image, people.bob), people.bob)
    assert (verdict.code, "without encryption" in verdict.reason) == ("encrypted-across", False), (
        "in its region it is not copied at all"
    )


def test_it_needs_a_vault_of_the_target_with_room_r82(people, target, vault):  # noqa: F811
    backup = factories.BackupFactory(project=people.bob.project, size_gb=2)
    image = factories.ImageFactory(project=people.bob.project, type="full", backup=backup)
    vaults = Vault.objects.with_facts()
    assert may_be_backed_up([image], target, None).code == "vault-needed-there"
    assert may_be_backed_up([image], target, vaults.get(pk=backup.vault_id)).code == "vault-needed-there"
    assert may_be_backed_up([image], target, vaults.get(pk=vault.pk))
    assert may_be_backed_up([image, image], target, vaults.get(pk=vault.pk)).code == "vault-full"
    assert may_be_backed_up([factories.ImageFactory()], target, None), "others need none"
    target.region.zones.all().delete()
    assert may_be_backed_up([image], target, vaults.get(pk=vault.pk)).code == "no-zone-there"


@pytest.mark.django_db(transaction=True)
def test_of_two_copies_at_once_that_fill_the_vault_one_is_let_in(people, vault):
    images = [full_image(people.bob, name) for name in ("one", "two")]
    outcomes = at_once(*[lambda image=image: copied(image, people.bob, vault) for image in images])
    assert sorted(outcomes) == [DONE, "vault-full"]
    assert Backup.objects.filter(vault=vault).count() == 1


# service and job ---------------------------------------------------------------------------------------


def test_the_copy_and_its_backup_are_there_with_the_bytes_of_the_source_r82_r83(people, vault):
    source = full_image(people.bob)
    stored = source.size_bytes
    copy = copied(source, people.bob, vault)
    assert used_in(vault) == 3 * GIB, "the most it can become is reserved"
    assert used_by(vault.project)["store_bytes"] == stored
    job = finish(job_of(copy))
    assert job.state == "done", job.error_sentence
    copy, backup = Image.objects.get(pk=copy.pk), Backup.objects.get(vault=vault)
    assert (copy.type, copy.status, copy.region_id, copy.backup) == ("full", "active", FAR, backup)
    assert (backup.status, backup.project, backup.image) == ("available", vault.project, copy)
    assert (backup.taken_at, backup.server_name) == (source.backup.taken_at, source.backup.server_name)
    sources = contents(source.disks.all(), REGION)
    assert len(set(sources)) == 3
    assert contents(copy.disks.all(), FAR) == contents(backup.disks.all(), FAR) == sources
    assert (used_in(vault), used_by(vault.project)["store_bytes"]) == (stored, stored), "one file each"
    assert_clean()

    purge_image(delete_image(source, deletes_backups=True, actor=people.bob), actor=people.bob)
    run_jobs()
    assert contents(copy.disks.all(), FAR) == sources, "each is independent of the other"
    assert_clean()


def test_servers_are_made_of_the_copy_and_of_its_backup_there(people, vault, no_qemu, far_servers):  # noqa: F811
    copy = copied(full_image(people.bob), people.bob, vault)
    run_jobs()
    there, backup = service_actor(vault.project), Backup.objects.get(vault=vault)
    order = {"name": "web", "flavor": tiny_flavor(), "actor": there}
    create_servers(image=copy, data_disks_gb=(1, 1), user_data="#!/bin/sh\n", **order)
    restore_to_new_server(backup, **order)
    run_jobs()
    made = list(vault.project.servers.all())
    assert {server.status for server in made} == {"stopped"}
    assert [server.disks.exclude(ref="").count() for server in made] == [3, 3]
    assert_clean()


@pytest.mark.guest
def test_a_server_of_a_copied_server_boots_in_the_other_region(people, engine, vault, far_servers):  # noqa: F811
    server = running_server(people.bob, data_disks_gb=(1,))
    near = factories.VaultFactory(project=people.bob.project)
    image = capture_full(server, vault=near, name="whole", actor=people.bob)
    run_jobs()
    copy = copied(facts(image, people.bob), people.bob, vault)
    run_jobs()
    there = service_actor(vault.project)
    order = {"name": "web", "flavor": tiny_flavor(), "data_disks_gb": (1,), "user_data": "#!/bin/sh\n"}
    (made,) = create_servers(image=copy, actor=there, **order)
    run_jobs()
    made.refresh_from_db()
    assert made.status == "running", made.status_sentence
    wait_for(engine_for(FAR), made.ref, WORD)


def test_the_server_it_is_of_is_not_bound_to_the_vault_there(people, vault, no_qemu):  # noqa: F811
    source = full_image(people.bob)
    server = factories.ServerFactory(project=people.bob.project)
    Backup.objects.update(server_id=server.pk)
    copied(facts(source, people.bob), people.bob, vault)
    run_jobs()
    assert is_bound_to(server, source.backup.vault)
    copy = Backup.objects.get(vault=vault)
    assert copy.server_id == server.pk
    assert not vault.project.servers.exists()
    there = Actor(people.alice.user, vault.project, "administrator")
    page = client_of(there).get(reverse("backups:restore", args=[copy.pk]))
    assert page.status_code == 200
    with pytest.raises(NotFound):
        restore_backup(copy, actor=there)


def test_what_fails_at_the_second_disk_leaves_nothing_and_is_retried_as_long_as_the_vault_has_room(
    people, vault
):
    source = full_image(people.bob)
    copy = copied(source, people.bob, vault)
    with faulty_engine("transfer:2", region=FAR, full=True):
        assert finish(job_of(copy)).error_code == "no-space"
    backup = Backup.objects.get(vault=vault)
    assert (backup.status, backup.error_code, used_in(vault)) == ("failed", "no-space", 0)
    assert not engine_for(FAR).inventory().stored
    assert used_by(vault.project)["store_bytes"] == 0
    assert_clean()
    other = factories.BackupFactory(project=vault.project, vault=vault, status="creating")
    with pytest.raises(Refused, match="vault-full"):
        retry_job(job_of(copy), actor=people.bob)
    other.delete()
    retry_job(job_of(copy), actor=people.bob)
    assert finish(job_of(copy)).state == "done"
    backup.refresh_from_db()
    assert (backup.status, backup.error_code) == ("available", "")
    assert_clean()


def test_a_worker_that_dies_is_followed_by_one_that_goes_on_with_that_disk(people, vault, monkeypatch):
    monkeypatch.setattr("imsconsole.engine.conversion.transfers.PIECE_BYTES", 16 * 1024)
    source = full_image(people.bob)
    total, read = source.size_bytes, counted_reads(monkeypatch)
    for number in range(3):
        read.clear()
        vault.capacity_gb += 3
        vault.save()
        copy = copied(source, people.bob, vault, name=f"copy-{number}")
        with dying(read, random.Random(number).randrange(16 * 1024, total)), pytest.raises(Crash):
            finish(job_of(copy))
        assert 0 < sum(read) < total
        assert ended_later(copy).state == "done"
        assert sum(read) == total, "no byte comes twice"
        assert contents(copy.disks.all(), FAR) == contents(source.disks.all(), REGION)
    assert_clean()


def test_a_cancelled_one_leaves_nothing_and_the_vault_is_free_again(people, vault, monkeypatch):
    monkeypatch.setattr("imsconsole.engine.conversion.transfers.PIECE_BYTES", 16 * 1024)
    source = full_image(people.bob)
    copy = copied(source, people.bob, vault)
    with dying(counted_reads(monkeypatch), source.size_bytes // 2), pytest.raises(Crash):
        finish(job_of(copy))
    cancel_job(job_of(copy), actor=people.bob)
    assert ended_later(copy).state == "cancelled"
    assert used_in(vault) == 0
    assert not engine_for(FAR).inventory().stored
    assert_clean()


# page --------------------------------------------------------------------------------------------------


def test_the_wizard_asks_for_a_vault_when_a_full_ecs_image_is_among_them(people, target, vault):  # noqa: F811
    foreign = factories.VaultFactory(name="strange")
    images = [full_image(people.bob), factories.ImageFactory(project=people.bob.project, name="plain")]
    factories.ImageDiskFactory(image=images[1])
    client = client_of(people.bob)
    picked = {"pick": ",".join(str(image.pk) for image in images), "state": "tab=private", "kind": "across"}
    at = client.post(reverse("images:copy-several"), picked)["Location"]
    page = client.get(at).content.decode()
    assert "far-vault" in page
    assert "strange" not in page
    typed = {
        "target-target": str(target.pk),
        "target-name-0": "whole",
        "target-name-1": "plain",
    }
    refused = client.post(at, typed)
    assert (refused.status_code, "Choose a vault of the target project" in refused.content.decode()) == (
        422,
        True,
    )
    assert client.post(at, {**typed, "target-vault": str(foreign.pk)}).status_code == 422
    answer = client.post(at, {**typed, "target-vault": str(vault.pk)})
    assert "far-vault" in client.get(answer["Location"]).content.decode()
    client.post(answer["Location"], {})
    assert set(Image.objects.filter(project=target).values_list("type", flat=True)) == {"full", "system"}
    assert Backup.objects.get(vault=vault).status == "creating"


def test_a_list_of_them_costs_the_same_however_many_they_are(people):
    client, url = client_of(people.bob), f"{reverse('images:list')}?tab=private"
    counts = []
    for _ in range(3):
        backup = factories.BackupFactory(project=people.bob.project)
        image = factories.ImageFactory(project=people.bob.project, type="full", backup=backup)
        factories.ImageDiskFactory(image=image)
        client.get(url)
        with CaptureQueriesContext(connection) as queries:
            assert reverse("images:copy", args=[image.pk]) in client.get(url).content.decode()
        counts.append(len(queries))
    assert counts[1] == counts[2]


def test_the_wizard_asks_nothing_of_the_kind_for_others(people, target, vault):  # noqa: F811
    image = factories.ImageFactory(project=people.bob.project)
    factories.ImageDiskFactory(image=image)
    client = client_of(people.bob)
    at = client.post(reverse("images:copy", args=[image.pk]), {"kind": "across"})["Location"]
    assert "far-vault" not in client.get(at).content.decode()


# deaths ------------------------------------------------------------------------------------------------


@pytest.mark.slow(reason="a worker is killed or stopped at every point of the job")
@pytest.mark.django_db(transaction=True)
def test_image_and_backup_survive_every_death_of_a_worker_together(people, vault):
    Vault.objects.filter(pk=vault.pk).update(capacity_gb=1000)
    source, count = full_image(people.bob), iter(range(1000))

    def start():
        copied(source, people.bob, vault, name=f"copy-{next(count)}")
        return Job.objects.live().get()

    def check(job):
        copy = Image.objects.select_related("backup").get(pk=job.subject_id)
        is_done = job.state == "done"
        assert (copy.status, copy.backup.status) == (
            ("active", "available") if is_done else ("killed", "failed")
        )
        for disks in (copy.disks, copy.backup.disks.exclude(stored=None)):
            assert disks.count() == (3 if is_done else 0)
            for disk in disks.all():
                assert engine_for(FAR).verify(disk.ref, disk.checksum, work=TestWork())
        assert [difference.what for difference in differences()] == []

    where = "do:transfer:(report|hold:[57]|finished)|do:register:fenced|undo:.*:hold:2$"
    kill_at_every_step(CopyImageAcross, start, check, where=where)
