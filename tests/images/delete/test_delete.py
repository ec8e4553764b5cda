"""Deleting an image: rule, service, job, page. What is deleted for good at once; the trash is in test_trash."""

import uuid

import pytest
from django.urls import reverse

from images.delete.clock import finish_deletions
from images.delete.jobs import DeleteImage
from images.delete.rules import DELETE_FACTS, can_delete
from images.delete.services import delete_image
from images.models import Image
from images.verify.store_check import differences
from imsconsole.audit.models import Event
from imsconsole.cloud.engines import engine_for
from imsconsole.core.errors import Unavailable
from imsconsole.core.now import now
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from imsconsole.engine.types import FileSource, Unwatched
from imsconsole.jobs.models import Job
from imsconsole.jobs.runner import run_job
from tests import factories
from tests.conftest import client_of
from tests.images.create.importing import imported
from tests.support.faults import faulty_engine
from tests.support.workers import finish, kill_at_every_step

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _without_a_trash(settings):
    settings.IMS_TRASH_DAYS = 0


def in_status(status):
    """The fields of an image in that status; the trash knows until when it keeps it."""
    kept = {"kept_until": now(), "status_before": "active"} if status == "trashed" else {}
    return {"status": status, **kept}


def facts(image, actor):
    return Image.objects.with_facts(actor, *DELETE_FACTS).get(pk=image.pk)


def live_job(image):
    return Job.objects.create(
        kind="image.x", path="x", queue="bulk", project=image.project, subject_kind="image",
        subject_id=image.pk, subject_name=image.name, state="running", lease_until=now(),
    )  # fmt: skip


class OnePiece:
    """Work that nobody cancels."""

    def __init__(self):
        self.token = uuid.uuid4().hex

    def report(self, done, total):
        pass

    def hold(self):
        pass


@pytest.fixture
def stored(people, tmp_path):
    """An image with real bytes in the store."""
    image = factories.ImageFactory(project=people.bob.project)
    raw = tmp_path / "disk.raw"
    raw.write_bytes(b"MARKER" + bytes(1024**2 - 6))
    disk = factories.ImageDiskFactory(image=image)
    made = engine_for(image.region).ingest(disk.pk, FileSource(raw), format="raw", work=OnePiece())
    factories.give_bytes(disk, made)
    return image


@pytest.mark.parametrize(
    ("name", "code"), [("alice", ""), ("bob", ""), ("dave", "read-only"), ("carol", "not-owner")]
)
def test_only_those_who_may_write_in_the_owning_project_may_delete(people, name, code):
    actor = getattr(people, name)
    image = factories.ImageFactory(project=people.bob.project)

    assert can_delete(facts(image, actor), actor).code == code


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("active", ""),
        ("killed", ""),
        ("frozen", ""),
        ("queued", "in-creation"),
        ("saving", "in-creation"),
        ("deleted", "deleted"),
        ("trashed", "deleted"),
    ],
)
def test_an_image_in_creation_cannot_be_deleted(people, status, code):
    """R85."""
    image = factories.ImageFactory(project=people.bob.project, **in_status(status))

    assert can_delete(facts(image, people.bob), people.bob).code == code


@pytest.mark.parametrize("state", ["scanning", "in-review", "approved", "published"])
def test_an_image_that_is_offered_on_the_market_cannot_be_deleted(people, state):  # R84
    version = factories.ListingVersionFactory(listing__project=people.bob.project, state=state)
    with pytest.raises(Refused) as refusal:
        delete_image(version.image, actor=people.bob)
    assert refusal.value.code == "offered-image"

    version.state = "withdrawn"
    version.save()
    assert delete_image(version.image, actor=people.bob).is_gone


def test_public_and_protected_and_busy_images_cannot_be_deleted(people):
    """R85, C13."""
    public = factories.PublicImageFactory()
    protected = factories.ImageFactory(project=people.bob.project, protected=True)
    busy = factories.ImageFactory(project=people.bob.project)
    live_job(busy)
    launching = factories.ServerFactory(project=people.bob.project, status="creating").image

    codes = [
        can_delete(facts(image, people.bob), people.bob).code
        for image in (public, protected, busy, launching)
    ]
    assert codes == ["public-image", "protected", "image-busy", "launching"]


def test_a_deleted_image_is_gone_at_once_and_its_name_is_free(people):
    image = factories.ImageFactory(project=people.bob.project, name="web", delete_at=now())
    factories.ImageDiskFactory(image=image, ref="")
    delete_image(image, deletes_backups=True, actor=people.bob)

    image.refresh_from_db()
    assert (image.status, image.deleted_at is not None) == ("deleted", True)
    assert (image.delete_at, image.deletes_backups) == (None, True)
    assert not Image.objects.visible_to(people.bob).exists()
    factories.ImageFactory(project=people.bob.project, name="web")
    assert Event.objects.get(action="deleteImage").resource_id == str(image.pk)
    assert not Job.objects.exists()  # it had no bytes


def test_of_two_who_delete_at_once_one_gets_a_sentence(people):
    image = factories.ImageFactory(project=people.bob.project)
    delete_image(image, actor=people.bob)

    with pytest.raises(Refused, match="deleted"):
        delete_image(image, actor=people.alice)


def test_the_job_removes_the_bytes_and_may_run_twice(people, stored):
    engine, ref = engine_for(stored.region), stored.disks.get().ref
    delete_image(stored, actor=people.bob)
    assert ref in engine.inventory().stored

    job = Job.objects.get(kind=DeleteImage.kind)
    run_job(str(job.pk), "test")
    job.refresh_from_db()
    assert (job.state, stored.disks.get().ref) == ("done", "")
    assert ref not in engine.inventory().stored
    assert stored.disks.get().checksum  # what it was is still known


def test_a_deletion_that_failed_is_finished_by_the_clock(people, stored):
    delete_image(stored, actor=people.bob)
    job = Job.objects.about(stored.pk).get(kind=DeleteImage.kind)
    with faulty_engine("delete:1", error=Unavailable()):
        assert finish(job).state == "failed"
    assert list(differences()) != []
    finish_deletions()
    assert finish(job).state == "done"
    assert list(differences()) == []
    finish_deletions()
    job.refresh_from_db()
    assert job.state == "done"


def test_bytes_that_are_gone_already_are_deleted_well(people, stored):
    engine_for(stored.region).delete(stored.disks.get().ref, work=Unwatched())
    delete_image(stored, actor=people.bob)
    job = Job.objects.get()
    run_job(str(job.pk), "test")

    job.refresh_from_db()
    assert job.state == "done"


def test_the_page_names_the_servers_that_use_it_and_a_get_deletes_nothing(people):
    image = factories.ImageFactory(project=people.bob.project)
    factories.ServerFactory(project=people.bob.project, image=image, name="web-1")
    page = client_of(people.bob).get(reverse("images:delete", args=[image.pk]))

    assert "web-1" in page.content.decode()
    image.refresh_from_db()
    assert image.status == "active"


def test_posting_deletes_and_leads_back_to_the_list(people):
    image = factories.ImageFactory(project=people.bob.project, name="web")
    answer = client_of(people.bob).post(reverse("images:delete", args=[image.pk]), follow=True)

    assert bare(answer.redirect_chain[0][0]) == f"{reverse('images:list')}?tab=private"
    assert "web has been deleted" in answer.content.decode()


def test_a_reader_sees_the_button_disabled_with_the_reason_and_is_refused(people):
    image = factories.ImageFactory(project=people.bob.project)
    client = client_of(people.dave)
    for url in (reverse("images:list") + "?tab=private", image.get_absolute_url()):
        page = client.get(url).content.decode()
        assert 'aria-disabled="true"' in page
        assert "Your role in this project is read-only" in page

    answer = client.post(reverse("images:delete", args=[image.pk]))
    assert answer.status_code == 409
    assert Event.objects.get(result="warning").code == "read-only"
    image.refresh_from_db()
    assert image.status == "active"


def test_another_account_gets_404(people):
    image = factories.ImageFactory(project=people.bob.project)

    assert client_of(people.carol).post(reverse("images:delete", args=[image.pk])).status_code == 404


@pytest.mark.slow(reason="a worker is killed or stopped at every point of the job")
@pytest.mark.django_db(transaction=True)
def test_a_deletion_ends_well_however_its_worker_dies(people, disks):
    def start() -> Job:
        made = imported(people.bob, disks / "disk.raw", name="doomed")
        finish(made.job)
        image = delete_image(made.image, actor=people.bob)
        return Job.objects.live().about(image.pk).get()

    def check(job: Job) -> None:
        assert Image.objects.get(pk=job.subject_id).status == "deleted"
        assert engine_for("cn-north-4").inventory().stored == frozenset()
        assert [difference.what for difference in differences()] == []

    assert kill_at_every_step(DeleteImage, start, check, undo=False)
