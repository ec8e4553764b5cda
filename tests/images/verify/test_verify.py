"""Stored bytes are read again: on demand and by the clock. Rule, service, job, pages."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from images.copy.services import copy_image
from images.delete.services import delete_image, purge_image, restore_image
from images.launch.rules import can_launch
from images.models import Image, ImageDisk
from images.verify.clock import due_bytes, oldest_first, verify_oldest
from images.verify.jobs import VerifyImage, VerifyStored
from images.verify.rules import VERIFY_FACTS, can_verify
from images.verify.services import verify_image
from imsconsole.audit.models import Event
from imsconsole.cloud.models import Disk, StoredBytes
from imsconsole.cloud.stored.rows import forget_stored
from imsconsole.core import now as clock
from imsconsole.core.now import now
from imsconsole.core.rules import Refused
from imsconsole.jobs.models import Job
from imsconsole.notifications.models import Message
from tests import factories
from tests.cloud.conftest import _short_stop, engine  # noqa: F401
from tests.cloud.servers.machines import running_server
from tests.conftest import client_of
from tests.engine.guests import state_of, wait_for
from tests.images.create.importing import imported
from tests.images.delete.test_delete import live_job
from tests.support.clients import at
from tests.support.plans import scans
from tests.support.workers import finish, kill_at_every_step, run_jobs

pytestmark = pytest.mark.django_db
REGION = "cn-north-4"


@pytest.fixture
def image(people, disks):
    made = imported(people.bob, disks / "disk.raw", name="web")
    finish(made.job)
    return Image.objects.get(pk=made.image.pk)


def file_of(image):
    return Path(django_settings.DATA_DIR) / "regions" / REGION / "images" / image.disks.get().ref


def flip(path, at=100):
    """One bit of a file, in place; once more, and it is what it was."""
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))


def verify(image, actor):
    """Verified, to the end of the job."""
    verify_image(image, actor=actor)
    job = finish(Job.objects.get(kind=VerifyImage.kind, state="queued"))
    image.refresh_from_db()
    return job


def facts(image, actor):
    return Image.objects.with_facts(actor, *VERIFY_FACTS, "verified_at").get(pk=image.pk)


def told(code):
    return set(Message.objects.filter(code=code).values_list("user__username", "values__name"))


# rule


@pytest.mark.parametrize(
    ("name", "code"), [("alice", ""), ("bob", ""), ("dave", "read-only"), ("carol", "not-owner")]
)
def test_the_owning_project_verifies(people, name, code):
    actor, image = getattr(people, name), factories.ImageFactory(project=people.bob.project)
    factories.ImageDiskFactory(image=image)
    assert can_verify(facts(image, actor), actor).code == code


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("active", ""),
        ("frozen", ""),
        *((status, "nothing-stored") for status in ("queued", "saving", "killed")),
    ],
)
def test_only_what_is_stored_is_verified(people, status, code):
    image = factories.ImageFactory(project=people.bob.project, status=status)
    factories.ImageDiskFactory(image=image)
    assert can_verify(facts(image, people.bob), people.bob).code == code


def test_public_empty_and_busy_images_are_not_verified_by_their_users(people):
    public, empty = factories.PublicImageFactory(), factories.ImageFactory(project=people.bob.project)
    busy = factories.ImageFactory(project=people.bob.project)
    for each in (public, busy):
        factories.ImageDiskFactory(image=each)
    live_job(busy)
    codes = [can_verify(facts(each, people.bob), people.bob).code for each in (public, empty, busy)]
    assert codes == ["public-image", "nothing-stored", "image-busy"]


# on demand


def test_good_bytes_get_their_badge(people, image):
    assert facts(image, people.bob).verified_at is None
    before = now()
    assert verify(image, people.bob).state == "done"
    assert facts(image, people.bob).verified_at >= before
    assert image.status == "active"
    assert Event.objects.get(action="verifyImage").resource_id == str(image.pk)
    assert not Message.objects.exists()


def test_of_two_who_verify_one_is_told_to_wait(people, image):
    verify_image(image, actor=people.bob)
    with pytest.raises(Refused, match="image-busy"):
        verify_image(image, actor=people.alice)


@pytest.mark.slow(reason="images are read through again after each change of their bytes")
def test_a_flipped_byte_freezes_every_image_of_the_file_and_right_bytes_thaw_them(people, image):
    copy = copy_image(image, name="copy", actor=people.bob)
    trashed = copy_image(image, name="trashed", actor=people.bob)
    run_jobs()
    delete_image(trashed, actor=people.bob)
    other = factories.ImageFactory(project=people.bob.project)
    flip(file_of(image))
    verify(image, people.bob)

    for each in (image, copy, trashed, other):
        each.refresh_from_db()
    assert [each.status for each in (image, copy, trashed, other)] == [
        "frozen",
        "frozen",
        "trashed",
        "active",
    ]
    assert trashed.status_before == "frozen"
    assert "no longer what they were" in image.error_sentence
    assert can_launch(facts(copy, people.bob), people.bob).code == "not-active"
    with pytest.raises(Refused, match="not-active"):
        copy_image(copy, name="again", actor=people.bob)
    both = {("alice", name) for name in ("web", "copy", "trashed")} | {
        ("bob", name) for name in ("web", "copy", "trashed")
    }
    assert told("image-bytes-damaged") == both, "who only reads has nothing to do about it"
    verify(image, people.bob)
    assert Message.objects.count() == len(both), "nobody is told twice"

    flip(file_of(image))
    verify(copy, people.bob)
    for each in (image, copy, trashed):
        each.refresh_from_db()
    assert [each.status for each in (image, copy)] == ["active", "active"]
    assert restore_image(trashed, actor=people.bob).status == "active"
    assert image.error_code == ""
    assert told("image-thawed") == both
    assert not StoredBytes.objects.filter(damaged_at__isnull=False).exists()


def test_a_file_that_is_gone_freezes_and_one_that_is_back_thaws(people, image):
    path = file_of(image)
    kept = path.read_bytes()
    path.unlink()
    verify(image, people.bob)
    assert (image.status, image.error_code) == ("frozen", "bytes-missing")
    path.write_bytes(kept)
    verify(image, people.bob)
    assert (image.status, image.error_code) == ("active", "")


@pytest.mark.guest
def test_servers_whose_base_it_is_are_warned_and_go_on(people, engine):  # noqa: F811
    server = running_server(people.bob)
    wait_for(engine, server.ref, "TINY GUEST")
    client = client_of(people.bob)
    pages = [server.get_absolute_url(), reverse("servers:list")]
    assert not any("damaged" in client.get(page).content.decode() for page in pages)
    copy = copy_image(server.image, name="copy", actor=people.bob)
    run_jobs()
    delete_image(server.image, actor=people.bob)
    purge_image(server.image, actor=people.bob)
    run_jobs()  # the server's own image is gone, the file is there under the copy's name
    flip(file_of(copy), at=-1 + file_of(copy).stat().st_size)
    verify(copy, people.bob)

    assert copy.status == "frozen"
    assert told("server-damaged") == {("alice", server.name), ("bob", server.name)}
    detail, listed = [client.get(page).content.decode() for page in pages]
    assert "are no longer what they were" in detail
    assert "System disk damaged" in listed
    server.refresh_from_db()
    assert (server.status, state_of(engine, server.ref).power) == ("running", "running")

    flip(file_of(copy), at=-1 + file_of(copy).stat().st_size)
    verify(copy, people.bob)
    assert copy.status == "active"
    assert not Disk.objects.damaged().exists()


def test_a_server_that_is_being_made_from_it_is_warned_too(people, image):
    server = factories.ServerFactory(project=people.bob.project, image=image, status="creating")
    disk = factories.DiskFactory(server=server, image=image)
    flip(file_of(image))
    job = verify(image, people.bob)
    disk.refresh_from_db()
    assert job.state == "done"
    assert disk.damaged_at is not None


# by the clock


def test_the_clock_reads_what_nobody_has_looked_at_for_longest(people, image, settings):
    verify_oldest()
    assert not Job.objects.filter(kind=VerifyStored.kind).exists(), "it is new"
    clock.move(timedelta(days=settings.IMS_VERIFY_DAYS / 2, hours=1))
    verify_oldest()
    verify_oldest()
    job = Job.objects.get(kind=VerifyStored.kind)
    assert not facts(image, people.bob).has_live_job, "its users are not kept from anything"
    assert finish(job).state == "done"
    assert facts(image, people.bob).verified_at is not None
    verify_oldest()
    assert Job.objects.filter(kind=VerifyStored.kind).count() == 1
    assert not Job.objects.visible_to(people.bob).filter(kind=VerifyStored.kind).exists()


def test_without_days_only_people_verify(people, image, settings):
    settings.IMS_VERIFY_DAYS = 0
    clock.move(timedelta(days=1000))
    verify_oldest()
    assert not Job.objects.filter(kind=VerifyStored.kind).exists()


def test_the_clock_takes_its_share(people):
    region, old = people.bob.region, now() - timedelta(days=20)
    rows = [
        factories.StoredBytesFactory(
            region=region, size_bytes=100, created_at=old + timedelta(minutes=number)
        )
        for number in range(5)
    ]
    factories.StoredBytesFactory(region=region, created_at=old - timedelta(days=1), doomed_at=now())

    assert due_bytes(region, timedelta(days=30)) == [rows[0]]
    StoredBytes.objects.filter(pk=rows[0].pk).update(verified_at=now())
    assert due_bytes(region, timedelta(days=30)) == [rows[1]]
    assert due_bytes(region, timedelta(hours=2)) == rows[1:], "all of it within the time"
    StoredBytes.objects.filter(pk=rows[1].pk).update(size_bytes=10**15)
    assert due_bytes(region, timedelta(days=30)) == [rows[1]], "a petabyte is no more than its share"
    assert due_bytes(region, timedelta(days=90)) == []


def test_of_very_many_that_are_not_due_none_is_read(people):
    region, day = people.bob.region, timedelta(days=1)
    new, old, later, damaged = (
        factories.StoredBytesFactory(region=region, created_at=now() - age * day) for age in (0, 20, -5, 1)
    )
    StoredBytes.objects.filter(pk=damaged.pk).update(damaged_at=now())
    factories.BackupDiskFactory(stored=damaged)
    there = StoredBytes.objects.kept().exclude(checksum="")
    with scans("cloud_storedbytes") as found, transaction.atomic():
        assert list(oldest_first(there, now() - 10 * day)) == [old, damaged, later]
    # to those that are damaged PostgreSQL goes by any index, as long as there are few rows
    assert [sql for sql in found if connection.vendor == "sqlite" or "EXISTS" not in sql] == []
    assert there.filter(pk=new.pk).exists()


def test_what_is_deleted_while_the_clock_reads_is_left_alone(people, image):
    clock.move(timedelta(days=20))
    verify_oldest()
    delete_image(image, actor=people.bob)
    purge_image(image, actor=people.bob)
    finish(Job.objects.get(kind="image.delete"))
    assert finish(Job.objects.get(kind=VerifyStored.kind)).state == "done"
    image.refresh_from_db()
    assert image.status == "deleted"


# pages


@pytest.mark.slow(reason="an image is read through, list and page drawn")
def test_the_page_has_badge_and_button(people, image):
    client, url = client_of(people.bob), reverse("images:verify", args=[image.pk])
    assert "Not verified since it was stored" in client.get(image.get_absolute_url()).content.decode()
    assert client.get(url).status_code == 405
    answer = client.post(url, follow=True)
    assert answer.redirect_chain == [(at(image.project, image.get_absolute_url()), 302)]
    run_jobs()
    assert "Verified <time" in client.get(image.get_absolute_url()).content.decode()
    listed = client.get(f"{reverse('images:list')}?tab=private&columns=verified_at").content.decode()
    assert "Verified" in listed


def test_others_do_not_verify(people, image):
    url = reverse("images:verify", args=[image.pk])
    assert client_of(people.dave).post(url).status_code == 409
    assert client_of(people.carol).post(url).status_code == 404
    assert not Job.objects.filter(kind=VerifyImage.kind).exists()


@pytest.mark.slow(reason="an image is read through twice from the administration")
def test_the_operator_sees_what_is_damaged_and_verifies_it(people, operator, image):
    client = Client()
    client.force_login(operator)
    flip(file_of(image))
    action = {"action": "verify", "_selected_action": [str(image.pk)]}
    client.post(reverse("admin:images_image_changelist"), action)
    run_jobs()
    (concern,) = [
        each for each in client.get("/admin/").context["attention"].concerns if "bytes" in each.sentence
    ]
    assert concern.sentence.startswith("The stored bytes of 1 image are damaged or gone")
    assert image.name in client.get(concern.url).content.decode()
    flip(file_of(image))
    client.post(reverse("admin:images_image_changelist"), action)
    run_jobs()
    assert image.name not in client.get(concern.url).content.decode().partition("result_list")[2]


@pytest.mark.slow(reason="a worker is killed or stopped at every point of the job")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", [VerifyImage, VerifyStored])
def test_verifying_ends_well_however_its_worker_dies(people, disks, kind):
    def start() -> Job:
        Image.objects.all().update(status="deleted")
        ImageDisk.objects.all().update(stored=None)
        forget_stored(StoredBytes.objects.values_list("pk", flat=True))
        made = imported(people.bob, disks / "disk.raw", name="web")
        finish(made.job)
        image = Image.objects.get(pk=made.image.pk)
        flip(file_of(image))
        if kind is VerifyImage:
            verify_image(image, actor=people.bob)
        else:
            StoredBytes.objects.update(created_at=now() - timedelta(days=99))
            verify_oldest()
        return Job.objects.get(kind=kind.kind, state="queued")

    def check(job: Job) -> None:
        image = Image.objects.exclude(status="deleted").get()
        assert (job.state, image.status) == ("done", "frozen")
        assert Message.objects.filter(subject_id=image.pk).count() == 2, "Alice and Bob, once"

    assert kill_at_every_step(kind, start, check, undo=False)
