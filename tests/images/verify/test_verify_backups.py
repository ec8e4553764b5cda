"""The stored bytes of backups are read again by the clock: a changed one is of no use until it is right again."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from images.capture.full.services import make_of_backup
from images.restore.rules import can_restore_to_new
from images.verify.clock import due_bytes, verify_oldest
from images.verify.jobs import VerifyImage, VerifyStored
from images.verify.services import verify_image
from imsconsole.cloud.backups.rules import can_delete_backup, can_restore_backup
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import Backup, StoredBytes
from imsconsole.core import now as clock
from imsconsole.core.now import now
from imsconsole.core.rules import Refused
from imsconsole.jobs.models import Job
from tests import factories
from tests.cloud.backups.making import REGION, stored_backup
from tests.cloud.servers.machines import tiny_flavor
from tests.conftest import client_of
from tests.images.verify.test_verify import flip, told
from tests.support.workers import finish, run_jobs

pytestmark = pytest.mark.django_db


def file_of(disk):
    return engine_for(REGION)._store.stored(disk.ref)


def read_by_the_clock(**moved) -> Job:
    clock.move(timedelta(**moved))
    verify_oldest()
    job = finish(Job.objects.get(kind=VerifyStored.kind, state="queued"))
    assert job.state == "done", job.error_sentence
    return job


def as_it_is(backup) -> Backup:
    return Backup.objects.get(pk=backup.pk)


@pytest.mark.slow(reason="a backup is read through again after each change of its bytes")
def test_a_flipped_byte_makes_a_backup_useless_until_it_is_right_again(people):
    backup = stored_backup(people.bob, disks=2, name="nightly")
    other = stored_backup(people.bob, disks=1)
    disk = backup.disks.get(index=1)
    flip(file_of(disk))
    assert can_restore_backup(as_it_is(backup), people.bob)
    read_by_the_clock(days=20)
    read_by_the_clock(hours=1)  # each takes its share
    read_by_the_clock(hours=1)
    backup = as_it_is(backup)
    assert can_restore_backup(backup, people.bob).code == "backup-bytes-damaged"
    assert can_restore_to_new(backup, tiny_flavor(), people.bob).code == "backup-bytes-damaged"
    with pytest.raises(Refused, match="backup-bytes-damaged"):
        make_of_backup(backup, name="of it", actor=people.bob)
    assert can_delete_backup(backup, people.bob)
    assert can_restore_backup(as_it_is(other), people.bob)
    assert told("backup-damaged") == {("alice", "nightly"), ("bob", "nightly")}
    page, listed = pages(people.bob, backup)
    assert "They are no longer what they were" in page
    assert "Damaged" in listed

    flip(file_of(disk))
    read_by_the_clock(hours=1)  # it need not wait for its turn
    assert can_restore_backup(as_it_is(backup), people.bob)
    assert told("backup-mended") == told("backup-damaged")
    for _ in range(3):  # until the turn of every disk has come, in whichever order
        read_by_the_clock(days=20)
    page, listed = pages(people.bob, backup)
    assert "Verified <time" in page
    assert "Damaged" not in listed


def pages(actor, backup) -> list[str]:
    client = client_of(actor)
    urls = (backup.get_absolute_url(), reverse("backups:list"))
    return [client.get(url).content.decode() for url in urls]


def test_a_file_that_is_gone_is_found_as_well(people):
    backup = stored_backup(people.bob, disks=1)
    file_of(backup.disks.get()).unlink()
    read_by_the_clock(days=20)
    assert as_it_is(backup).is_damaged


def test_the_disks_of_a_full_ecs_image_and_of_its_backup_share_their_fate(people):
    """They are the same bytes: verifying the image tells of both."""
    backup = stored_backup(people.bob, disks=2)
    image = make_of_backup(backup, name="whole", actor=people.bob)
    run_jobs()
    flip(file_of(image.disks.get(index=0)))
    verify_image(image, actor=people.bob)
    finish(Job.objects.get(kind=VerifyImage.kind))
    image.refresh_from_db()
    assert (image.status, as_it_is(backup).is_damaged) == ("frozen", True)
    good = backup.disks.get(index=1)
    assert good.damaged_at is None
    assert good.verified_at is not None


def test_the_clock_reads_damaged_bytes_of_backups_until_they_are_right(people):
    region, damaged = people.bob.region, {"damaged_at": now(), "verified_at": now()}
    backup = factories.BackupFactory(project=people.bob.project)
    disk = factories.BackupDiskFactory(backup=backup, **damaged)
    image = factories.ImageFactory(project=people.bob.project)
    factories.ImageDiskFactory(image=image, stored=disk.stored)
    factories.ImageDiskFactory(image=image, index=1, **damaged)
    assert due_bytes(region, timedelta(hours=2)) == [disk.stored], "once; of images people ask"


def test_the_operator_sees_what_is_damaged(people, operator):
    disk = factories.BackupDiskFactory(backup__project=people.bob.project, damaged_at=now())
    client = Client()
    client.force_login(operator)
    (concern,) = [
        each for each in client.get("/admin/").context["attention"].concerns if "backup" in each.sentence
    ]
    assert disk.backup.name in client.get(concern.url).content.decode()
    StoredBytes.objects.update(damaged_at=None)
    assert disk.backup.name not in client.get(concern.url).content.decode().partition("result_list")[2]
