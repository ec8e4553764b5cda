"""The comparison after a campaign notices what is lost, left over, stuck or wrong. A campaign itself is not run here."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.db import transaction
from django_tasks_db.models import DBTaskResult

from imsconsole.audit.models import Event
from imsconsole.cloud.models import BucketObject, Server, Usage
from imsconsole.cloud.servers.states import change_status
from imsconsole.core.now import now
from imsconsole.jobs.models import ClockEntry, Job, QuotaChange, Reservation
from imsconsole.jobs.start import wake_job
from imsconsole.notifications.models import Message
from market.models import Charge, Price
from tests import factories
from tests.campaign.compare import (
    LEFT,
    LOST,
    STUCK,
    WRONG,
    Campaign,
    lines,
    region_dir,
    stored_file,
    troubles,
    usage,
)
from tests.campaign.compare import guests as guests_of
from tests.campaign.contents import Contents
from tests.campaign.faults import Window
from tests.campaign.people import Notes, Told
from tests.cloud.buckets.making import stored
from tests.images.create.importing import imported, uploaded
from tests.market.conftest import look_at_servers, pass_hours, priced  # noqa: F401
from tests.support.workers import run_jobs

pytestmark = pytest.mark.django_db


class World:
    """Bob has put in an image, an object and an upload, and was told so; one of his jobs met a full disk."""

    def __init__(self, people: SimpleNamespace, folder: Path) -> None:
        publisher = SimpleNamespace(files={}, url=lambda path: path)
        self.bob, self.contents = people.bob, Contents(folder / "contents", publisher, "1")
        self.image = imported(self.bob, self.contents.converted("boot1", "qcow2"), name="boot1-1").image
        run_jobs()
        DBTaskResult.objects.all().delete()  # nobody has done what the queue holds
        self.path = stored_file(self.image.region_id, self.image.disks.get().ref)
        self.upload = uploaded(self.bob, self.contents.file("data1", "raw"))
        bucket = factories.BucketFactory(project=self.bob.project)
        self.object = stored(bucket, self.bob, "boot2-1.raw", self.contents.file("boot2", "raw").read_bytes())
        self.job = Job.objects.get()
        told = [
            Told(now(), "bob", "createImage", str(self.image.pk), "image.import", str(self.image.pk)),
            Told(now(), "bob", "uploadObject", str(self.object.pk)),
        ]
        sent = {str(self.upload.pk): self.sha256("data1"), str(self.object.pk): self.sha256("boot2")}
        received = {str(self.upload.pk): self.upload.size_bytes}
        self.campaign = Campaign(Notes(told=told, files=sent, received=received), self.contents)

    def sha256(self, tag: str) -> str:
        return self.contents.sha256(self.contents.file(tag, "raw"))

    def found(self) -> set[str]:
        return {str(each) for each in troubles(self.campaign)}

    # what may be planted

    def change_a_byte(self) -> None:
        self.path.chmod(0o644)
        with self.path.open("r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(b"?")

    def lose_the_file(self) -> None:
        self.path.unlink()

    def swap_the_content(self) -> None:
        """The right sum of the wrong disk."""
        self.path.unlink()
        self.path.write_bytes(self.contents.converted("boot2", "qcow2").read_bytes())
        self.image.disks.update(checksum=f"sha256:{self.contents.sha256(self.path)}")

    def swap_the_object(self) -> None:
        BucketObject.objects.update(sha256="0" * 64)

    def cut_the_upload(self) -> None:
        os.truncate(self.upload.path, 1000)

    def forget_the_act(self) -> None:
        Event.objects.filter(action="uploadObject").delete()

    def forget_the_job(self) -> None:
        Job.objects.all().delete()

    def leave_a_file(self) -> None:
        (region_dir(self.image.region_id) / "images" / f"{self.upload.pk}.1-1.qcow2").write_bytes(b"x")

    def leave_a_link(self) -> None:
        (Path(settings.DATA_DIR) / "work").mkdir(exist_ok=True)
        (Path(settings.DATA_DIR) / "work" / "left").write_bytes(b"x")

    def leave_a_reservation(self) -> None:
        Reservation.objects.create(job=self.job, project=self.bob.project, resource="images", amount=1)

    def leave_a_count(self) -> None:
        QuotaChange.objects.create(project=self.bob.project, resource="images", amount=1)

    def leave_a_job(self) -> None:
        Job.objects.update(state="running", finished_at=None, lease_until=now() + timedelta(hours=1))

    def leave_a_lease(self) -> None:
        Job.objects.update(lease_until=now())

    def leave_a_wake_up(self) -> None:
        wake_job(self.job)

    def break_the_clock(self) -> None:
        ClockEntry.objects.create(name="x", due_at=now(), error="broken")

    def fail_without_a_cause(self) -> None:
        self._fail("no-space")

    def fail_before_a_retry(self) -> None:
        past = [{"at": now().isoformat(), "step": "store", "code": "unavailable", "values": {}}]
        Job.objects.update(past_errors=past, user=None)

    def keep_a_failure_to_oneself(self) -> None:
        self._fail("no-space")
        self.campaign = Campaign(self.campaign.notes, self.contents, (window("disk full"),))

    def tell_twice(self) -> None:
        for _ in range(2):
            Message.objects.create(
                user=self.bob.user, code="job-failed", subject_kind="job", subject_id=self.job.pk
            )

    def _fail(self, code: str) -> None:
        Job.objects.update(state="failed", error_code=code, finished_at=now())


def window(fault: str) -> Window:
    return Window(fault, datetime.now(UTC) - timedelta(seconds=5), datetime.now(UTC))


@pytest.fixture
def world(people: SimpleNamespace, tmp_path: Path) -> World:
    return World(people, tmp_path)


PLANTS: list[tuple[Callable[[World], None], str, str]] = [
    (World.change_a_byte, LOST, "is not what was stored"),
    (World.lose_the_file, LOST, "has lost its file"),
    (World.swap_the_content, LOST, "holds something else"),
    (World.swap_the_object, LOST, "is not what was sent"),
    (World.cut_the_upload, LOST, "were acknowledged"),
    (World.forget_the_act, LOST, "the trail has 0"),
    (World.forget_the_job, LOST, "there are 0 jobs"),
    (World.leave_a_file, LEFT, "belongs to no image"),
    (World.leave_a_link, LEFT, "work/left"),
    (World.leave_a_reservation, LEFT, "still reserved"),
    (World.leave_a_count, LEFT, "was noted"),
    (World.leave_a_job, STUCK, "is running at"),
    (World.leave_a_lease, STUCK, "is still held"),
    (World.leave_a_wake_up, STUCK, "a wake-up"),
    (World.break_the_clock, STUCK, "periodic work x fails"),
    (World.fail_without_a_cause, WRONG, "no-space"),
    (World.fail_before_a_retry, WRONG, "unavailable"),
    (World.keep_a_failure_to_oneself, LOST, "messages about it: 0"),
    (World.tell_twice, LEFT, "messages about it: 2"),
]


@pytest.mark.bytes
@pytest.mark.slow(reason="all is compared anew for each thing that is planted")
def test_what_is_planted_is_found(world: World) -> None:
    assert world.found() == set()
    for plant, how, words in PLANTS:
        with put_back(world):
            plant(world)
            found = world.found()
            assert [each for each in found if each.startswith(how) and words in each], (plant.__name__, found)
    assert world.found() == set()


@contextmanager
def put_back(world: World) -> Iterator[None]:
    """Rows and files are afterwards as they were."""
    paths, campaign = [world.path, world.upload.path], world.campaign
    before = {path: path.read_bytes() for path in paths}
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    for path in (*world.path.parent.iterdir(), *(Path(settings.DATA_DIR) / "work").iterdir()):
        path.unlink()
    for path, content in before.items():
        path.unlink(missing_ok=True)
        path.write_bytes(content)
    world.campaign = campaign


@pytest.mark.slow(reason="all that a world of things has is compared twice")
def test_a_failure_is_right_when_what_it_met_lasts(world: World) -> None:
    Job.objects.update(state="failed", error_code="no-space", finished_at=now(), user=None)
    world.campaign = Campaign(world.campaign.notes, world.contents, (window("disk full"),))
    assert not {each for each in world.found() if each.startswith(WRONG)}
    world.campaign = Campaign(world.campaign.notes, world.contents, (window("web killed"),))
    assert {each for each in world.found() if each.startswith(WRONG)}


def test_guests_and_rows_are_compared_both_ways(people: SimpleNamespace) -> None:
    server = factories.ServerFactory(project=people.bob.project, status="running")
    campaign = Campaign(Notes(), guests=frozenset())
    assert [each.how for each in guests_of(campaign)] == [LOST]
    campaign = Campaign(Notes(), guests=frozenset({str(server.pk), "another", f"{server.pk} once more"}))
    assert [each.how for each in guests_of(campaign)] == [LEFT, LEFT]


@pytest.fixture
def charged(people: SimpleNamespace, priced: Callable[..., Price]) -> Server:  # noqa: F811
    """A server that has run for two hours."""
    flavor = factories.FlavorFactory(name="t6-tiny-1")
    priced("hour", "0.36", flavor=flavor)
    priced("gb-month", "0.7")
    server = factories.ServerFactory(project=people.bob.project, flavor=flavor, status="creating")
    factories.DiskFactory(server=server, size_gb=40)
    change_status(server, Server.Status.RUNNING)
    pass_hours(3)
    look_at_servers()
    return server


def test_the_ledger_is_compared_with_usage(charged: Server) -> None:
    nobody = Campaign(Notes())
    assert Charge.objects.count() > 2
    assert list(lines(nobody)) == []
    line = Charge.objects.order_by("hour")[1]
    Charge.objects.filter(pk=line.pk).update(amount=line.amount * 2)
    assert [each.how for each in lines(nobody)] == [LEFT]
    line.delete()
    assert [each.how for each in lines(nobody)] == [LOST]


def test_usage_is_compared_with_what_servers_are(charged: Server) -> None:
    nobody = Campaign(Notes())
    assert list(usage(nobody)) == []
    Server.objects.update(status="stopped")
    assert [each.how for each in usage(nobody)] == [LOST]
    Server.objects.update(status="deleted")
    assert [each.how for each in usage(nobody)] == [LEFT]
    Server.objects.update(status="running")
    Usage.objects.filter(ended_at=None).delete()
    assert [each.how for each in usage(nobody)] == [LOST]
