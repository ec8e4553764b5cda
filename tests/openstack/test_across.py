"""Images travel between engines: from here to a cloud, from a cloud to here, from cloud to cloud; the same bytes, cut or not."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import pytest
import yaml

from images.capture.services import capture_server
from images.copy.jobs_across import StoredSource
from images.copy.services import copy_image_across
from images.models import Image
from images.verify.store_check import differences
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Account, Project, Region
from imsconsole.cloud.engines import engine_for, engine_of, forget_engines
from imsconsole.cloud.models import AccountCloud, Server
from imsconsole.core import now as clock
from imsconsole.engine.types import MIB
from imsconsole.jobs.models import Job
from imsconsole.jobs.run import Run
from imsconsole.jobs.services import cancel_job
from tests.cloud.conftest import _short_stop, empty  # noqa: F401
from tests.cloud.servers.machines import REGION, bootable_image, order
from tests.engine.guests import wait_for
from tests.factories import AgencyFactory, ProjectFactory
from tests.openstack.regions import FAR, OTHER, OURS, far_region, of_engine
from tests.openstack.seen import assert_in_place, connected
from tests.support.cutting import Way, leading_to
from tests.support.faults import Crash
from tests.support.workers import finish, lapse, run_jobs

pytestmark = [
    pytest.mark.cloud,
    pytest.mark.guest,
    pytest.mark.slow(reason="images are made on a real cloud"),
    pytest.mark.thorough,
    pytest.mark.django_db,
    pytest.mark.usefixtures("untouched"),
]
HERE: dict[str, Any] = {"engine": "local"}
CLOUD: dict[str, Any] = {"engine": "openstack", "cloud": OURS}
CLOUD_TOO: dict[str, Any] = {"engine": "openstack", "cloud": OTHER}
WAYS = {"to-a-cloud": (HERE, CLOUD), "from-a-cloud": (CLOUD, HERE), "between-clouds": (CLOUD, CLOUD_TOO)}
APART = "-with-projects-of-the-account"
SIZE = 24 * MIB


@pytest.fixture(params=WAYS)
def target(request: pytest.FixtureRequest, people: SimpleNamespace) -> Iterator[Project]:
    """The account's project in a region of the other engine; Bob's there and here let each other place images in them.

    `APART`: the account's servers and disks on clouds are in projects of their own.
    """
    source, there = WAYS[request.param.removesuffix(APART)]
    regions = of_engine(people.bob.region, **source), far_region(**there)
    if request.param.endswith(APART):
        give_places(people.bob.account, *regions)
    project = ProjectFactory(account=people.bob.account, region=regions[1], name="far")
    for pair in ((project, people.bob.project), (people.bob.project, project)):
        AgencyFactory(project=pair[0], grantee=pair[1])
    yield project
    for code in (REGION, FAR):
        empty(engine_for(code))


def give_places(account: Account, *regions: Region) -> None:
    """Those of the account on each cloud: in the project that is not the region's."""
    others = {OURS: OTHER, OTHER: OURS}
    for region in regions:
        if region.cloud:
            AccountCloud.objects.create(region=region, account=account, cloud=others[region.cloud])


def large_image(actor: Actor) -> Image:
    """Of noise, but for its beginning, so that its bytes are as many as it says."""
    return bootable_image(actor, word="TRAVELLER", size_bytes=4 * MIB, noise_bytes=SIZE)


def content(image: Image) -> bytes:
    with engine_for(image.region_id).open(image.disks.get().ref) as stream:
        return stream.read()


def job_of(image: Image) -> Job:
    return Job.objects.get(subject_id=image.pk)


def assert_same(copy: Image, source: Image) -> None:
    assert copy.disks.get().checksum == source.disks.get().checksum
    assert content(copy) == content(source)
    assert list(differences()) == []


@pytest.mark.parametrize("target", [*WAYS, *(f"{way}{APART}" for way in WAYS)], indirect=True)
def test_a_copy_has_the_bytes_of_its_source_and_boots_and_so_does_what_comes_back(
    people: SimpleNamespace, target: Project
) -> None:
    here, there = people.bob, Actor(people.bob.user, target, people.bob.role)
    source = bootable_image(here, word="TRAVELLER")
    server = booted(there, copied(source, here, there))
    made = capture_server(server, name="made-there", actor=there)
    run_jobs()
    booted(here, copied(Image.objects.get(pk=made.pk), there, here))
    for actor in (here, there):
        assert_in_place(actor.region.code)


def copied(source: Image, giver: Actor, receiver: Actor) -> Image:
    copy = copy_image_across(source, target=receiver.project, name="copy", actor=giver)
    job = finish(job_of(copy))
    assert job.state == "done", job.error_sentence
    assert_same(copy, source)
    return Image.objects.get(pk=copy.pk)


def booted(actor: Actor, image: Image) -> Server:
    (server,) = order(actor, image)
    run_jobs()
    server.refresh_from_db()
    assert server.status == "running", server.status_sentence
    wait_for(engine_of(server), server.ref, "TRAVELLER")
    return server


def test_one_that_is_cut_goes_on(people: SimpleNamespace, target: Project) -> None:
    """The worker dies half-way; what came is not brought again where its engine keeps it."""
    source = large_image(people.bob)
    copy = copy_image_across(source, target=target, name="copy", actor=people.bob)
    total = source.disks.get().size_bytes
    assert total >= SIZE
    with counted_reads() as first, dying_at(total // 2, first), pytest.raises(Crash):
        finish(job_of(copy))
    assert 0 < sum(first) < total
    lapse(job_of(copy))
    with counted_reads() as rest:
        assert finish(job_of(copy)).state == "done"
    assert_same(copy, source)
    if engine_for(FAR).capabilities().resumable_transfer:
        assert sum(rest) <= total - sum(first) + 8 * MIB


def test_one_that_is_cancelled_leaves_nothing(people: SimpleNamespace, target: Project) -> None:
    source = large_image(people.bob)
    copy = copy_image_across(source, target=target, name="copy", actor=people.bob)
    with counted_reads() as read, dying_at(SIZE // 2, read), pytest.raises(Crash):
        finish(job_of(copy))
    cancel_job(job_of(copy), actor=people.bob)
    lapse(job_of(copy))
    assert finish(job_of(copy)).state == "cancelled"
    there = engine_for(FAR).inventory()
    assert (there.stored, there.scraps) == (frozenset(), frozenset())
    assert list(differences()) == []


@contextmanager
def counted_reads() -> Iterator[list[int]]:
    """How many bytes each piece that is read from a source has."""
    read: list[int] = []
    usual = StoredSource.open

    def opened(source: StoredSource, offset: int = 0) -> Any:
        return Counting(usual(source, offset), read)

    with mock.patch.object(StoredSource, "open", opened):
        yield read


class Counting:
    def __init__(self, stream: Any, read: list[int]) -> None:
        self._stream, self._read = stream, read

    def read(self, size: int = -1) -> bytes:
        piece: bytes = self._stream.read(size)
        self._read.append(len(piece))
        return piece

    def readinto(self, buffer: Any) -> int:
        count: int = self._stream.readinto(buffer)
        self._read.append(count)
        return count

    def __enter__(self) -> "Counting":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._stream.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def dying_at(count: int, read: list[int]) -> Any:
    """The worker is gone once that many bytes have come."""
    usual = Run.report

    def report(run: Run, done: int, total: int) -> None:
        usual(run, done, total)
        if run.job.step == "transfer" and sum(read) >= count:
            raise Crash

    return mock.patch.object(Run, "report", report)


@pytest.fixture
def way(tmp_path: Path, settings: Any) -> Iterator[Way]:
    """The clouds' Glance is reached by a way that can be cut."""
    there = urlsplit(connected().image.get_endpoint())
    with leading_to(there.hostname or "", there.port or 80) as way:
        told = yaml.safe_load(Path(os.environ["OS_CLIENT_CONFIG_FILE"]).read_text())
        for cloud in told["clouds"].values():
            cloud["image_endpoint_override"] = f"http://127.0.0.1:{way.port}"
        settings.IMS_CLOUDS = str(tmp_path / "clouds.yaml")
        Path(settings.IMS_CLOUDS).write_text(yaml.safe_dump(told))
        yield way


@pytest.mark.parametrize("target", ["from-a-cloud", "between-clouds"], indirect=True)
def test_a_connection_that_breaks_is_made_again(people: SimpleNamespace, way: Way, target: Project) -> None:
    """Three times in one transfer, in the middle of its bytes."""
    forget_engines()
    source = large_image(people.bob)
    copy = copy_image_across(source, target=target, name="copy", actor=people.bob)
    usual, planned = Run.report, [SIZE // 2, SIZE // 4, SIZE // 8]

    def report(run: Run, done: int, total: int) -> None:
        usual(run, done, total)
        if run.job.step == "transfer" and planned and way.cuts == 3 - len(planned):
            way.cut_after(planned.pop())

    with mock.patch.object(Run, "report", report):
        job = finish(job_of(copy))
    assert job.state == "done", job.error_sentence
    assert way.cuts >= 2
    assert_same(copy, source)


@pytest.mark.parametrize("target", ["to-a-cloud"], indirect=True)
def test_an_upload_that_breaks_is_made_again_of_what_has_come(
    people: SimpleNamespace, way: Way, target: Project
) -> None:
    """Glance cannot go on with a part: the work waits a little, and nothing is brought from the other region once more."""
    forget_engines()
    source = large_image(people.bob)
    copy = copy_image_across(source, target=target, name="copy", actor=people.bob)
    way.cut_request_after(SIZE // 2)
    with counted_reads() as first:
        job = finish(job_of(copy))
    assert (job.state, way.cuts) == ("queued", 1), job.error_sentence
    assert sum(first) == source.disks.get().size_bytes
    clock.move(timedelta(minutes=1))
    with counted_reads() as rest:
        job = finish(job_of(copy))
    assert job.state == "done", job.error_sentence
    assert sum(rest) == 0
    assert_same(copy, source)
