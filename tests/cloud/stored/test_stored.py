"""Stored bytes: shared by rows, held by jobs that read them, deleted with the last who has them, and once."""

from collections import Counter
from types import SimpleNamespace

import pytest

from images.capture.full.services import make_of_backup
from images.copy.services import copy_image
from images.delete.jobs import DeleteImage
from images.delete.services import delete_image
from images.models import Image
from images.verify.store_check import differences
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.backups.jobs import DeleteBackup
from imsconsole.cloud.backups.services import delete_backup
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import Backup, BytesUse, StoredBytes
from imsconsole.cloud.stored.clock import remove_left_bytes, remove_unused_bytes
from imsconsole.cloud.stored.rows import share_stored
from imsconsole.core.errors import Conflict, NotFound, Unavailable
from imsconsole.core.now import now
from imsconsole.jobs.models import Job, Reservation
from imsconsole.jobs.runner import run_job
from tests import factories
from tests.cloud.backups.making import stored_backup
from tests.cloud.servers.machines import REGION, bootable_image
from tests.support.at_once import DONE, at_once
from tests.support.faults import Crash, faulty_engine
from tests.support.plans import scans
from tests.support.workers import finish, kill_at_every_step, run_jobs

pytestmark = pytest.mark.django_db
ROUNDS = 3


@pytest.fixture(autouse=True)
def _without_a_trash(settings: SimpleNamespace) -> None:
    settings.IMS_TRASH_DAYS = 0


def job_of(image: Image) -> Job:
    return Job.objects.about(image.pk).latest("created_at")


def copied(image: Image, name: str, actor: Actor) -> Image:
    copy = copy_image(image, name=name, actor=actor)
    assert finish(job_of(copy)).state == "done"
    return copy


def in_store() -> set[str]:
    return set(engine_for(REGION).inventory().stored)


def assert_agreed(*images: Image) -> None:
    """The rows, the store and the images that are left agree."""
    refs = {disk.ref for image in images for disk in image.disks.all()}
    assert in_store() == refs == set(StoredBytes.objects.values_list("ref", flat=True))
    assert [each.what for each in differences()] == []


# one more reference


def test_a_copy_and_the_image_of_a_backup_are_no_work_for_an_engine(people: SimpleNamespace) -> None:
    image, backup = bootable_image(people.bob), stored_backup(people.bob, disks=2)
    before = in_store()
    with faulty_engine() as engine:
        copy = copied(image, "copy", people.bob)
        whole = make_of_backup(backup, name="whole", actor=people.bob)
        assert finish(job_of(whole)).state == "done"
    assert engine.points == []
    assert in_store() == before
    assert copy.disks.get().stored == image.disks.get().stored
    assert [disk.stored for disk in whole.disks.all()] == [disk.stored for disk in backup.disks.all()]
    assert_agreed(image, whole)


@pytest.mark.slow(reason="images and backups of the same bytes are made and deleted one by one")
def test_they_go_with_the_last_image_or_backup(people: SimpleNamespace) -> None:
    image, backup = bootable_image(people.bob), stored_backup(people.bob, disks=1)
    copy = copied(image, "copy", people.bob)
    whole = make_of_backup(backup, name="whole", actor=people.bob)
    run_jobs()
    with faulty_engine() as engine:
        delete_image(image, actor=people.bob)
        delete_image(whole, actor=people.bob)
        run_jobs()
        assert engine.points == []
        assert {copy.disks.get().ref, backup.disks.get().ref} == in_store()
        delete_image(copy, actor=people.bob)
        delete_backup(backup, actor=people.bob)
        run_jobs()
        assert [each for each in engine.points if "delete" in each] == ["delete:1", "delete:2"]
    assert_agreed()


def test_nobody_takes_what_is_being_deleted_or_is_damaged(people: SimpleNamespace) -> None:
    doomed, damaged = (
        factories.StoredBytesFactory(doomed_at=now()),
        factories.StoredBytesFactory(damaged_at=now()),
    )
    with pytest.raises(NotFound):
        share_stored([doomed.pk])
    with pytest.raises(Conflict):
        share_stored([damaged.pk])


def test_a_copy_of_what_is_found_damaged_meanwhile_does_not_come_about(people: SimpleNamespace) -> None:
    image = bootable_image(people.bob)
    copy = copy_image(image, name="copy", actor=people.bob)
    StoredBytes.objects.update(damaged_at=now())
    job = finish(job_of(copy))
    assert (job.state, job.error_code) == ("failed", "bytes-damaged")
    assert not copy.disks.exists()


# jobs that read


def test_what_a_job_reads_goes_when_the_job_has_ended(people: SimpleNamespace) -> None:
    """The clock deletes it, whoever was the last to have it."""
    image = bootable_image(people.bob)
    key = factories.KeyFactory(project=people.bob.project)
    copy = copy_image(image, name="copy", key=key, actor=people.bob)
    assert BytesUse.objects.get().stored == image.disks.get().stored
    delete_image(image, actor=people.bob)
    assert finish(job_of(image)).state == "done"
    remove_unused_bytes()
    assert len(in_store()) == 1
    assert [each.what for each in differences()] == []
    Job.objects.about(copy.pk).update(state="failed", finished_at=now())
    Image.objects.filter(pk=copy.pk).update(status="killed")
    Reservation.objects.all().delete()
    assert len(list(differences())) == 1
    remove_left_bytes()
    assert_agreed()
    assert not BytesUse.objects.exists()


def test_the_clock_looks_each_minute_only_at_what_jobs_have_left(people: SimpleNamespace) -> None:
    """However much is stored."""
    image = bootable_image(people.bob)
    copy_image(image, name="copy", actor=people.bob)
    factories.StoredBytesFactory(doomed_at=now(), region=image.region, ref="gone")
    with scans("cloud_storedbytes") as whole:
        remove_left_bytes()
    assert whole == []
    assert [each.ref for each in StoredBytes.objects.all()] == [image.disks.get().ref]


def test_what_an_engine_does_not_delete_now_is_nobodys_and_deleted_later(people: SimpleNamespace) -> None:
    stored = bootable_image(people.bob).disks.get().stored
    Image.objects.get().disks.update(stored=None)
    Image.objects.update(status="deleted")
    with faulty_engine("delete:1", error=Unavailable()):
        remove_unused_bytes()
    stored.refresh_from_db()
    assert stored.doomed_at
    assert len(list(differences())) == 1
    remove_left_bytes()
    assert_agreed()


@pytest.mark.parametrize("late", [False, True])
def test_a_clock_that_dies_between_row_and_bytes_is_finished_by_the_next(
    people: SimpleNamespace, late: bool
) -> None:
    bootable_image(people.bob).disks.update(stored=None)
    Image.objects.update(status="deleted")
    with faulty_engine("delete:1", error=Crash(), late=late), pytest.raises(Crash):
        remove_unused_bytes()
    assert StoredBytes.objects.get().doomed_at
    for difference in list(differences()):
        assert difference.repair
        difference.repair()
    assert_agreed()


def test_what_somebody_made_of_bytes_survives_that_their_own_job_is_undone(people: SimpleNamespace) -> None:
    """A full-ECS image can be used before its backup was read again; then that is found wrong."""
    backup = stored_backup(people.bob, disks=1)
    stored = backup.disks.get().stored
    image = factories.ImageFactory(project=people.bob.project)
    factories.ImageDiskFactory(image=image, stored=stored)
    assert finish(made_but_different(backup)).state == "failed"
    assert not backup.disks.exclude(stored=None).exists()
    assert_agreed(image)


def made_but_different(backup: Backup) -> Job:
    """The job that made it, whose last step has failed."""
    return Job.objects.create(
        kind="backup.create", path="imsconsole.cloud.backups.jobs_create.CreateBackup", queue="bulk",
        project=backup.project, subject_kind="backup", subject_id=backup.pk, subject_name=backup.name, step="verify",
        args={"backup_id": str(backup.pk), "server": str(backup.server_id)}, results={"capture": {}, "register": {}},
        outcome="failed", error_code="backup-differs",
    )  # fmt: skip


# at once


@pytest.mark.slow(reason="each pair meets several times")
@pytest.mark.django_db(transaction=True)
def test_two_who_delete_the_last_images_delete_the_bytes_once(people: SimpleNamespace) -> None:
    for number in range(ROUNDS):
        image = bootable_image(people.bob)
        copy = copied(image, f"copy-{number}", people.bob)
        for each in (image, copy):
            delete_image(each, actor=people.bob)
        jobs = [str(job_of(each).pk) for each in (image, copy)]
        with faulty_engine() as engine:
            at_once(*(lambda pk=pk: run_job(pk, "test") for pk in jobs))
        assert Counter(Job.objects.filter(pk__in=jobs).values_list("state", flat=True)) == {"done": 2}
        assert engine.points == ["delete:1"]
        assert_agreed()


@pytest.mark.slow(reason="each pair meets several times")
@pytest.mark.django_db(transaction=True)
def test_a_copy_that_begins_while_its_source_is_deleted_has_the_bytes_or_is_refused(
    people: SimpleNamespace,
) -> None:
    met = Counter()
    for number in range(ROUNDS):
        image, name = bootable_image(people.bob), f"copy-{number}"
        outcomes = at_once(
            lambda image=image, name=name: copy_image(image, name=name, actor=people.alice),
            lambda image=image: delete_image(image, actor=people.bob),
        )
        jobs = list(Job.objects.live().values_list("pk", flat=True))
        at_once(*(lambda pk=pk: run_job(str(pk), "test") for pk in jobs), remove_unused_bytes)
        remove_unused_bytes()
        copies = Image.objects.filter(name=name)
        assert outcomes[0] in (DONE, "not-active", "deleted", "")
        assert all(copy.status == "active" for copy in copies)
        assert_agreed(*copies)
        for copy in copies:
            delete_image(copy, actor=people.bob)
        run_jobs()
        met[outcomes[0]] += 1
    assert sum(met.values()) == ROUNDS


# workers that die


@pytest.mark.slow(reason="a worker is killed or stopped at every point of the job")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_last", [True, False])
def test_a_deletion_ends_well_however_its_worker_dies(people: SimpleNamespace, is_last: bool) -> None:
    image, count = bootable_image(people.bob), iter(range(1000))
    source = image.disks.get()

    def start() -> Job:
        if is_last:
            doomed = bootable_image(people.bob)
        else:
            doomed = factories.ImageFactory(project=people.bob.project, name=f"copy-{next(count)}")
            factories.ImageDiskFactory(image=doomed, stored=source.stored)
        return job_of(delete_image(doomed, actor=people.bob))

    def check(job: Job) -> None:
        assert not Image.objects.get(pk=job.subject_id).disks.exclude(stored=None).exists()
        assert_agreed(image)

    assert kill_at_every_step(DeleteImage, start, check, undo=False)


@pytest.mark.slow(reason="a worker is killed or stopped at every point of the job")
@pytest.mark.django_db(transaction=True)
def test_the_deletion_of_a_backup_leaves_its_image_however_its_worker_dies(people: SimpleNamespace) -> None:
    image = factories.ImageFactory(project=people.bob.project, type="full")
    kept = stored_backup(people.bob, disks=1)
    factories.ImageDiskFactory(image=image, stored=kept.disks.get().stored)

    def start() -> Job:
        backup = factories.BackupFactory(project=people.bob.project)
        factories.BackupDiskFactory(backup=backup, stored=kept.disks.get().stored)
        delete_backup(backup, actor=people.bob)
        return Job.objects.live().get()

    def check(job: Job) -> None:
        assert Backup.objects.get(pk=job.subject_id).status == "deleted"
        assert_agreed(image)

    kill_at_every_step(DeleteBackup, start, check, undo=False)
