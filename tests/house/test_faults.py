"""Every kind of job, at each of its calls of the engine: a full disk, an engine that is away, a worker that dies.

A job that fails says why in a sentence, loses nothing, and is retried with success; one whose worker dies,
or a program under it, goes on by itself.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings as console
from django.utils.html import escape
from django.utils.translation import override

from images.capture.full.jobs import CaptureFull, MakeOfBackup
from images.create.jobs import ImportImage
from imsconsole.cloud.backups.jobs_create import CreateBackup
from imsconsole.cloud.backups.jobs_restore import RestoreBackup
from imsconsole.cloud.disks.jobs import AttachDisk, DetachDisk, GrowDisk
from imsconsole.cloud.servers.jobs import RebootServer, ResizeServer, StartServer, StopServer
from imsconsole.cloud.system_disk.jobs import ChangeOs, DeleteKeptDisk, ReinstallOs, UndoChangeOs
from imsconsole.cloud.tray.jobs import EjectIso, MountIso
from imsconsole.core.errors import (
    BadImage,
    Conflict,
    Interrupted,
    NoSpace,
    NotFound,
    Unavailable,
    Unsupported,
)
from imsconsole.jobs.kinds import JobKind
from imsconsole.jobs.models import Job
from imsconsole.jobs.rules import can_retry
from imsconsole.jobs.runner import claim, run_job
from imsconsole.jobs.services import retry_job
from sharing.ending.copies.jobs import GiveCopy
from tests.cloud.conftest import engine  # noqa: F401
from tests.conftest import client_of
from tests.images.public.conftest import publisher  # noqa: F401
from tests.support.faults import FILLS, FIRST, Crash, end, faulty_engine
from tests.support.file_server import Server
from tests.support.sweep import is_whole, some
from tests.support.workers import until
from tests.support.works import BEGINNINGS, Works, all_kinds, assert_nothing_is_lost

pytestmark = pytest.mark.django_db
WITH_GUESTS = [pytest.mark.slow(reason="a guest starts again and again"), pytest.mark.guest]
OF_ROWS = (GiveCopy, MakeOfBackup)  # one more reference to stored bytes
WITHOUT_GUESTS = ("image.", "download.", "share.", "listing.", "console.")
SLOW = [pytest.mark.slow(reason="work of a kind is done anew for each thing that goes wrong")]


def kinds(*quick: str) -> list[Any]:
    """All kinds of jobs, those in `quick` for the fast tests."""
    return [
        pytest.param(
            kind, id=kind.kind, marks=WITH_GUESTS if has_guests(kind) else () if kind.kind in quick else SLOW
        )
        for kind in BEGINNINGS
        if kind is not ReinstallOs and kind not in OF_ROWS  # a ChangeOs, see below
    ]


# of the one server that works bring back into the state in which each begins; in this order, which they need no second one for
OF_THE_SERVER = (
    StartServer, StopServer, RebootServer, ResizeServer, CreateBackup, RestoreBackup, CaptureFull, AttachDisk, DetachDisk, GrowDisk,
    ChangeOs, UndoChangeOs, DeleteKeptDisk, MountIso, EjectIso,
)  # fmt: skip


def has_guests(kind: type[JobKind]) -> bool:
    return not kind.kind.startswith(WITHOUT_GUESTS)


ERRORS = (
    Unavailable(),
    Unavailable("qemu-silent", detail="<b>"),
    NotFound("no-such-bytes", ref="x"),
    Conflict(),
    NoSpace(),
    BadImage("corrupt", format="qcow2", detail="x"),
    Unsupported("qemu-img-missing", package="qemu-utils"),
)
CHINESE = re.compile(r"[\u4e00-\u9fff]")
FILLING = [
    kind
    for kind in kinds()
    if kind.id
    in (
        "image.import",
        "image.export",
        "download.prepare",
        "upload.take",
        "upload.fetch",
        "server.create",
        "server.start",
        "server.change-os",
        "disk.create",
    )
]
DEATHS = (Interrupted(program="qemu-img"), Crash())  # by turns: what follows is the same
LIMITS_BYTES = (0, 1024, 100_000, 300_000, 2_000_000)
DELETIONS = ("server.delete", "disk.delete", "disk.delete-kept")


@pytest.fixture
def works(
    people: SimpleNamespace,
    engine: object,  # noqa: F811
    publisher: Server,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Works:
    works = Works(people.alice, tmp_path, publisher)
    monkeypatch.setattr("imsconsole.demo.jobs.built_guest", lambda *_args, **_kwargs: tmp_path / "disk.raw")
    return works


@pytest.fixture(autouse=True)
def _no_stop_is_waited_for(settings: Any) -> None:
    """The tests' guests never power off by themselves."""
    settings.IMS_STOP_TIMEOUT_S = 0.01


def test_every_kind_of_job_is_tried() -> None:
    assert set(all_kinds()) == set(BEGINNINGS)


@pytest.mark.guest
def test_a_reinstallation_asks_the_engine_what_a_change_of_os_asks(works: Works) -> None:
    assert points_of(works, ReinstallOs) == points_of(works, ChangeOs)


@pytest.mark.slow(reason="backups and images are made")
@pytest.mark.guest
@pytest.mark.parametrize("kind", OF_ROWS)
def test_what_shares_bytes_asks_no_engine(works: Works, kind: type[JobKind]) -> None:
    job = works.begin(kind)
    with faulty_engine() as calls:
        end(job)
    assert (job.state, calls.points) == (Job.State.DONE, [])
    assert_nothing_is_lost(job)


@pytest.mark.bytes
@pytest.mark.parametrize(
    "kind", [each for each in kinds("image.build") if each.values[0] not in OF_THE_SERVER]
)
def test_whatever_goes_wrong_at_whichever_call_nothing_is_lost(works: Works, kind: type[JobKind]) -> None:
    nothing_is_lost(works, kind)


@pytest.mark.slow(reason="a guest starts again and again")
@pytest.mark.guest
@pytest.mark.bytes
def test_whatever_goes_wrong_with_work_at_a_server_nothing_is_lost(
    works: Works, subtests: pytest.Subtests
) -> None:
    for kind in OF_THE_SERVER:
        with subtests.test(kind.kind):
            nothing_is_lost(works, kind)


def nothing_is_lost(works: Works, kind: type[JobKind]) -> None:
    """A job that failed is retried, and meets the next thing that goes wrong: to begin one costs more than to fail."""
    points = ends_of_each_verb(points_of(works, kind))
    job = _fails_with_errors(works, kind)
    for disturb, at, number in disturbances_of(points):
        try:
            job = disturb(works, kind, job, at, number)
        except BaseException as error:
            error.add_note(f"at {at}")
            raise
    _succeeds(job)


def points_of(works: Works, kind: type[JobKind]) -> list[str]:
    """What an undisturbed job of that kind calls."""
    job = works.begin(kind)
    with faulty_engine() as calls:
        end(job)
    _succeeds(job)
    assert calls.points
    return calls.points


def ends_of_each_verb(points: list[str]) -> list[str]:
    """Its first call and its last."""
    last = dict(point.split(":") for point in points)
    return [
        point for point in points if is_whole() or point.split(":")[1] in ("1", last[point.split(":")[0]])
    ]


def disturbances_of(points: list[str]) -> list[tuple[Callable[..., Job], str, int]]:
    """What goes wrong at which: all of it at the first, where errors were met already, and at the others by turns."""
    kinds_of = (_is_not_done, _loses_its_answer, _goes_on_after_a_death)
    return [
        (disturb, at, number)
        for number, at in enumerate(points)
        for turn, disturb in enumerate(kinds_of)
        if is_whole()
        or (turn == number % 3 if number else disturb is not _is_not_done or at.split(":")[0] in FILLS)
    ]


def _succeeds(job: Job) -> None:
    end(job)
    assert job.state == Job.State.DONE, job.error_sentence
    assert_nothing_is_lost(job)


def _fails_with_errors(works: Works, kind: type[JobKind]) -> Job:
    """Each is told in the reader's language; the worker's does not matter. The kinds share the errors. A job that waits."""
    job = works.begin(kind)
    for error in ERRORS if is_whole() else (ERRORS[list(BEGINNINGS).index(kind) % len(ERRORS)],):
        with override("zh-hans"), faulty_engine(FIRST, error=error) as calls:
            end(job)
        assert calls.reached
        assert (job.state, job.error_code != "unexpected") == ("failed", True), error
        for language in ("en", "zh-hans"):
            _assert_told(job, works, language)
        assert_nothing_is_lost(job)
        job.refresh_from_db()
        job = retry_job(job, actor=works.actor) if can_retry(job, works.actor) else works.begin(kind)
    return job


def _disturbed(works: Works, kind: type[JobKind], job: Job, at: str, **fault: Any) -> Job:
    """That job, or a new one where it does not come by again: a retry goes on where it failed."""
    job = job if job.is_live else works.begin(kind)
    with faulty_engine(at, **fault) as calls:
        end(job)
    if calls.reached:
        return job
    assert job.past_errors
    _succeeds(job)
    return _disturbed(works, kind, job, at, **fault)


def _is_not_done(works: Works, kind: type[JobKind], job: Job, at: str, _number: int) -> Job:
    if at.split(":")[0] in FILLS:
        return _fails(works, kind, job, at, "no-space", full=True)
    return _fails(works, kind, job, at, "unavailable", error=Unavailable())


def _loses_its_answer(works: Works, kind: type[JobKind], job: Job, at: str, _number: int) -> Job:
    return _fails(works, kind, job, at, "unavailable", error=Unavailable(), late=True)


def _fails(works: Works, kind: type[JobKind], job: Job, at: str, code: str, **fault: object) -> Job:
    job = _disturbed(works, kind, job, at, **fault)
    assert (job.state, job.error_code) == ("failed", code)
    if not (fault.get("late") and kind.kind in DELETIONS):  # what is gone is gone; the retry finds it so
        assert_nothing_is_lost(job)
    job.refresh_from_db()
    return (
        retry_job(job, actor=works.actor) if job.state == Job.State.FAILED else job
    )  # else the clock did it


def _goes_on_after_a_death(works: Works, kind: type[JobKind], job: Job, at: str, number: int) -> Job:
    job = _disturbed(works, kind, job, at, error=DEATHS[number % len(DEATHS)], late=True)
    assert job.state == Job.State.DONE, job.error_sentence
    assert job.deaths == 1 or at.startswith("qemu_img:")  # an examination is repeated at once
    assert_nothing_is_lost(job)
    return job


@pytest.mark.bytes
@pytest.mark.parametrize("kind", FILLING)
def test_on_the_system_s_own_full_disk_it_fails_until_there_is_space(
    works: Works, kind: type[JobKind]
) -> None:
    job = works.begin(kind)
    states = []
    for limit in some(LIMITS_BYTES):
        job = job if job.is_live else works.begin(kind)
        with faulty_engine(FIRST, limit_bytes=limit):
            end(job)
        states.append(job.state)
        if job.state == Job.State.FAILED:
            assert job.error_code in ("no-space", "qemu-failed"), job.error_sentence
            assert_nothing_is_lost(job)
            job = retry_job(job, actor=works.actor)
    _succeeds(job)
    assert "failed" in states


@pytest.mark.slow(reason="waits until the lease was renewed for longer than it lasts")
@pytest.mark.django_db(transaction=True)
def test_a_slow_engine_does_not_cost_a_worker_its_job(works: Works) -> None:
    job = works.begin(ImportImage)

    def lease() -> datetime:
        return Job.objects.values_list("lease_until", flat=True).get(pk=job.pk)

    def wait() -> None:
        longer = lease() + timedelta(seconds=console.IMS_JOB_LEASE_S)
        until(lambda: lease() > longer, "the lease was renewed again and again")
        assert claim(str(job.pk), "another") is None

    with faulty_engine("ingest:1", before=wait) as calls:
        run_job(str(job.pk), "slow")
    job.refresh_from_db()
    assert calls.reached
    assert (job.state, job.attempt) == ("done", 1)


def _assert_told(job: Job, works: Works, language: str) -> None:
    with override(language):
        said = job.error_sentence
    if job.project == works.actor.project:  # else it is the platform's
        headers = {"Accept-Language": language, "HX-Request": "true"}
        page = client_of(works.actor).get(job.get_absolute_url(), headers=headers)
        assert escape(said) in page.content.decode()
    assert "%(" not in said
    assert bool(CHINESE.search(said)) == (language == "zh-hans")
