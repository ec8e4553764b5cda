"""The trash: what is deleted can be brought back for some days (R87). Rule, service, clock; pages in test_trash_pages."""

from datetime import timedelta

import pytest

from images.delete.clock import empty_trashes
from images.delete.jobs import DeleteImage
from images.delete.rules import can_purge, can_restore, can_restore_each
from images.delete.services import delete_image, purge_image, restore_image
from images.launch.rules import can_launch
from images.launch.services import create_servers
from images.models import Image
from images.modify.rules import can_modify, can_tag
from images.verify.store_check import differences
from imsconsole.audit.models import Event
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import Backup
from imsconsole.cloud.system_disk.rules import can_reinstall_os
from imsconsole.core import now as clock
from imsconsole.core.errors import NotFound
from imsconsole.core.rules import Refused
from imsconsole.engine.types import Unwatched
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import used_by
from tests import factories
from tests.images.create.importing import imported
from tests.images.delete.test_delete import facts, live_job
from tests.support.workers import finish, kill_at_every_step

pytestmark = pytest.mark.django_db


def trashed(actor, **fields):
    """An image that has just been deleted."""
    image = factories.ImageFactory(project=actor.project, **fields)
    return delete_image(image, actor=actor)


# rules


@pytest.mark.parametrize("rule", [can_restore, can_purge])
@pytest.mark.parametrize(
    ("name", "code"), [("alice", ""), ("bob", ""), ("dave", "read-only"), ("carol", "not-in-trash")]
)
def test_only_those_who_may_write_in_the_owning_project_use_its_trash(people, rule, name, code):
    actor, image = getattr(people, name), trashed(people.bob)

    assert rule(facts(image, actor), actor).code == code


@pytest.mark.parametrize("rule", [can_restore, can_purge])
@pytest.mark.parametrize("status", ["active", "killed", "frozen", "queued", "saving", "deleted"])
def test_only_what_is_in_the_trash_comes_out_of_it(people, rule, status):
    image = factories.ImageFactory(project=people.bob.project, status=status)

    assert rule(facts(image, people.bob), people.bob).code == "not-in-trash"


def test_in_the_trash_an_image_can_be_used_for_nothing(people):
    image = trashed(people.bob)
    server = factories.ServerFactory(project=people.bob.project, image=image, ref="there")

    codes = [rule(facts(image, people.bob), people.bob).code for rule in (can_launch, can_modify, can_tag)]
    assert codes == ["not-active", "not-active", "deleted"]
    refusal = can_reinstall_os(server, people.bob)  # R138
    assert refusal.code == "original-image-gone"
    assert "in state “In the trash”" in str(refusal.reason)


# deleting


def test_a_deleted_image_is_in_the_trash_and_nowhere_else(people, settings):
    image = factories.ImageFactory(project=people.bob.project, name="web")
    delete_image(image, actor=people.bob)

    image.refresh_from_db()
    assert (image.status, image.status_before, image.trashed_by) == ("trashed", "active", people.bob.user)
    assert image.kept_until - image.trashed_at == timedelta(days=settings.IMS_TRASH_DAYS)
    assert image.updated_at >= image.trashed_at
    assert list(Image.objects.in_trash(people.alice)) == [image]
    for actor in (people.alice, people.bob, people.dave, people.carol):
        assert not Image.objects.visible_to(actor).exists()
        assert not Image.objects.owned_by(actor).exists()
    assert not Image.objects.in_trash(people.carol).exists()
    assert Event.objects.get(action="deleteImage").resource_id == str(image.pk)
    assert not Job.objects.exists()


def test_its_name_is_free_at_once_and_its_bytes_still_count(people):
    image = factories.ImageFactory(project=people.bob.project, name="web")
    factories.ImageDiskFactory(image=image, size_bytes=7)
    delete_image(image, actor=people.bob)
    factories.ImageFactory(project=people.bob.project, name="web")

    used = used_by(people.bob.project, ("images", "store_bytes"))
    assert (used["images"], used["store_bytes"]) == (1, 7)


def test_what_has_nothing_to_bring_back_goes_at_once(people):
    assert trashed(people.bob, status="killed").status == "deleted"


def test_the_choice_about_backups_waits_for_the_end(people):
    """R88."""
    backups = factories.BackupFactory.create_batch(3, project=people.bob.project)
    images = [
        factories.ImageFactory(project=people.bob.project, type="full", backup=each) for each in backups
    ]
    for image, deletes_backups in zip(images, (True, True, False), strict=True):
        delete_image(image, deletes_backups=deletes_backups, actor=people.bob)
    assert purge_image(images[0], actor=people.bob).deletes_backups
    assert not restore_image(images[1], actor=people.bob).deletes_backups
    purge_image(images[2], actor=people.bob)
    left = Backup.objects.in_bulk()
    assert [left[each.pk].status for each in backups] == ["deleting", "available", "available"]


def test_nobody_launches_by_id_what_is_in_the_trash(people):
    image = factories.ImageFactory(project=people.bob.project)
    delete_image(image, actor=people.bob)
    with pytest.raises(NotFound):
        create_servers(
            actor=people.bob, image=image, flavor=factories.FlavorFactory(), name="web", user_data="#!"
        )


# bringing back


def test_a_restored_image_is_as_it_was(people):
    image = trashed(people.bob, status="frozen", name="web")
    deleted_at = image.updated_at
    restore_image(image, actor=people.alice)

    image.refresh_from_db()
    assert image.updated_at > deleted_at
    assert (image.status, image.status_before, image.name) == ("frozen", "", "web")
    assert (image.trashed_at, image.trashed_by, image.kept_until) == (None, None, None)
    assert Image.objects.visible_to(people.bob).get() == image
    assert Event.objects.get(action="restoreImage").resource_id == str(image.pk)


def test_a_name_that_is_taken_asks_for_another(people):
    image = trashed(people.bob, name="web")
    factories.ImageFactory(project=people.bob.project, name="web")
    with pytest.raises(Refused, match="image-name-taken"):
        restore_image(image, actor=people.bob)
    assert restore_image(image, name="web-2", actor=people.bob).name == "web-2"


def test_restoring_needs_room_in_the_count(people):
    image = trashed(people.bob)
    project = people.bob.project
    project.quotas = {"images": 1}
    project.save(update_fields=["quotas"])
    assert can_restore(facts(image, people.bob), people.bob)
    factories.ImageFactory(project=project)
    with pytest.raises(Refused, match="quota-images"):
        restore_image(image, actor=people.bob)


def test_of_several_as_many_come_back_as_have_names_of_their_own_and_room(people):
    images, project = [trashed(people.bob, name=name) for name in ("web", "web", "db")], people.bob.project
    project.quotas = {"images": 2}
    assert [verdict.code for verdict in can_restore_each(images, people.bob)] == ["", "image-name-taken", ""]
    project.quotas = {"images": 1}
    project.save(update_fields=["quotas"])
    codes = [verdict.code for verdict in can_restore_each(images[1:], people.bob)]
    assert codes == ["", "quota-images"]


# for ever


def test_deleting_for_ever_removes_the_bytes(people, disks):
    made = imported(people.bob, disks / "disk.raw", name="doomed")
    finish(made.job)
    delete_image(made.image, actor=people.bob)
    ref, engine = made.image.disks.get().ref, engine_for(made.image.region)
    assert ref in engine.inventory().stored
    assert list(differences()) == []  # what is in the trash is wanted

    purge_image(made.image, actor=people.bob)
    finish(Job.objects.get(kind=DeleteImage.kind))
    made.image.refresh_from_db()
    assert (made.image.status, made.image.kept_until) == ("deleted", None)
    assert ref not in engine.inventory().stored
    assert list(differences()) == []
    with pytest.raises(Refused, match="not-in-trash"):
        restore_image(made.image, actor=people.bob)


def test_what_work_is_going_on_with_stays_until_that_has_ended(people):
    image = trashed(people.bob)
    live_job(image)
    assert can_purge(facts(image, people.bob), people.bob).code == "image-busy"
    backup = factories.BackupFactory(project=people.bob.project, status="restoring")
    full = trashed(people.bob, type="full", backup=backup)
    assert can_purge(facts(full, people.bob), people.bob), "the backup stays"
    Image.objects.filter(pk=full.pk).update(deletes_backups=True)
    assert can_purge(facts(full, people.bob), people.bob).code == "backup-busy"


def test_the_clock_empties_the_trash(people, settings):
    old, busy = trashed(people.bob), trashed(people.bob)
    live_job(busy)
    clock.move(timedelta(days=settings.IMS_TRASH_DAYS, seconds=-60))
    new = trashed(people.bob)
    empty_trashes()
    assert Image.objects.in_trash(people.bob).count() == 3
    clock.move(timedelta(seconds=120))
    empty_trashes()
    old.refresh_from_db()
    assert old.status == "deleted"
    assert set(Image.objects.in_trash(people.bob)) == {busy, new}
    assert Event.objects.get(action="purgeImage").resource_id == str(old.pk)


def test_lost_bytes_freeze_what_comes_back(people, disks):
    """`check_store` finds the file of an image in the trash missing: it stays there, and comes back frozen."""
    made = imported(people.bob, disks / "disk.raw", name="lost")
    finish(made.job)
    delete_image(made.image, actor=people.bob)
    engine_for(made.image.region).delete(made.image.disks.get().ref, work=Unwatched())
    (difference,) = differences()
    difference.repair()
    made.image.refresh_from_db()
    assert (made.image.status, made.image.status_before) == ("trashed", "frozen")
    restored = restore_image(made.image, actor=people.bob)
    assert (restored.status, restored.error_code) == ("frozen", "bytes-missing")


@pytest.mark.slow(reason="a worker is killed or stopped at every point of the job")
@pytest.mark.django_db(transaction=True)
def test_deleting_for_ever_ends_well_however_its_worker_dies(people, disks):
    def start() -> Job:
        made = imported(people.bob, disks / "disk.raw", name="doomed")
        finish(made.job)
        delete_image(Image.objects.get(pk=made.image.pk), actor=people.bob)
        purge_image(made.image, actor=people.bob)
        return Job.objects.live().about(made.image.pk).get()

    def check(job: Job) -> None:
        assert Image.objects.get(pk=job.subject_id).status == "deleted"
        assert engine_for("cn-north-4").inventory().stored == frozenset()
        assert [difference.what for difference in differences()] == []

    assert kill_at_every_step(DeleteImage, start, check, undo=False)
