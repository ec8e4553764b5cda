"""Every kind of job, at each of its calls of the engine: a full disk, an engine that is away, a worker that dies.

A job that fails says why in a sentence, loses nothing, and is retried with success; one whose worker dies,
or a program under it, goes on by itself.
"""

import re
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.utils.html import escape
from django.utils.translation import override

from images.capture.full.jobs import MakeOfBackup
from images.create.jobs import ImportImage
from imsconsole.cloud.system_disk.jobs import ChangeOs, ReinstallOs
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
from tests.cloud.conftest import _short_stop, engine  # noqa: F401
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
DEATHS = (Crash(), Interrupted(program="qemu-img"))  # by turns: what follows is the same
AT_MOST = 8  # things that go wrong with a kind of job, spread over its calls
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
@pytest.mark.parametrize("kind", kinds("image.build"))
def test_whatever_goes_wrong_at_whichever_call_nothing_is_lost(works: Works, kind: type[JobKind]) -> None:
    points = points_of(works, kind)
    disturbances = [
        (disturb, at, number)
        for number, at in enumerate(points)
        for disturb in (_is_not_done, _loses_its_answer, _goes_on_after_a_death)
    ]
    for disturb, at, number in some(disturbances, max(AT_MOST, len(points))):
        try:
            disturb(works, kind, at, number)
        except BaseException as error:
            error.add_note(f"at {at}")
            raise


def points_of(works: Works, kind: type[JobKind]) -> list[str]:
    """What an undisturbed job of that kind calls."""
    job = works.begin(kind)
    with faulty_engine() as calls:
        end(job)
    assert job.state == Job.State.DONE, job.error_sentence
    assert_nothing_is_lost(job)
    assert calls.points
    return calls.points


def _is_not_done(works: Works, kind: type[JobKind], at: str, _number: int) -> None:
    if at.split(":")[0] in FILLS:
        _fails_and_is_retried(works, kind, at, "no-space", full=True)
    else:
        _fails_and_is_retried(works, kind, at, "unavailable", error=Unavailable())


def _loses_its_answer(works: Works, kind: type[JobKind], at: str, _number: int) -> None:
    _fails_and_is_retried(works, kind, at, "unavailable", error=Unavailable(), late=True)


def _fails_and_is_retried(works: Works, kind: type[JobKind], at: str, code: str, **fault: object) -> None:
    job = works.begin(kind)
    with faulty_engine(at, **fault) as calls:
        end(job)
    assert calls.reached
    assert (job.state, job.error_code) == ("failed", code)
    if not (fault.get("late") and kind.kind in DELETIONS):  # what is gone is gone; the retry finds it so
        assert_nothing_is_lost(job)
    job.refresh_from_db()
    if job.state == Job.State.FAILED:  # else the clock did it
        retry_job(job, actor=works.actor)
        assert end(job).state == Job.State.DONE, job.error_sentence
    assert_nothing_is_lost(job)


def _goes_on_after_a_death(works: Works, kind: type[JobKind], at: str, number: int) -> None:
    job = works.begin(kind)
    with faulty_engine(at, error=DEATHS[number % len(DEATHS)], late=True) as calls:
        end(job)
    assert calls.reached
    assert job.state == Job.State.DONE, job.error_sentence
    assert job.deaths == 1 or at.startswith("qemu_img:")  # an examination is repeated at once
    assert_nothing_is_lost(job)


@pytest.mark.bytes
@pytest.mark.parametrize("kind", FILLING)
def test_on_the_system_s_own_full_disk_it_fails_until_there_is_space(
    works: Works, kind: type[JobKind]
) -> None:
    states = []
    for limit in some(LIMITS_BYTES):
        job = works.begin(kind)
        with faulty_engine(FIRST, limit_bytes=limit):
            end(job)
        states.append(job.state)
        if job.state == Job.State.FAILED:
            assert job.error_code in ("no-space", "qemu-failed"), job.error_sentence
            assert_nothing_is_lost(job)
            retry_job(job, actor=works.actor)
            end(job)
        assert job.state == Job.State.DONE, job.error_sentence
        assert_nothing_is_lost(job)
    assert "failed" in states


@pytest.mark.slow(reason="waits until the lease was renewed for longer than it lasts")
@pytest.mark.django_db(transaction=True)
def test_a_slow_engine_does_not_cost_a_worker_its_job(works: Works) -> None:
    job = works.begin(ImportImage)

    def lease() -> datetime:
        return Job.objects.values_list("lease_until", flat=True).get(pk=job.pk)

    def wait() -> None:
        longer = lease() + timedelta(seconds=settings.IMS_JOB_LEASE_S)
        until(lambda: lease() > longer, "the lease was renewed again and again")
        assert claim(str(job.pk), "another") is None

    with faulty_engine("ingest:1", before=wait) as calls:
        run_job(str(job.pk), "slow")
    job.refresh_from_db()
    assert calls.reached
    assert (job.state, job.attempt) == ("done", 1)


@pytest.mark.bytes
@pytest.mark.parametrize("kind", kinds("image.fetch", "image.verify-stored"))
def test_every_error_is_told_in_the_reader_s_language(works: Works, kind: type[JobKind]) -> None:
    """The worker's language is another than one of the readers', and does not matter. The kinds share the errors."""
    job = works.begin(kind)
    errors = ERRORS if is_whole() else ERRORS[list(BEGINNINGS).index(kind) % 3 :: 3]
    for number, error in enumerate(errors):
        job = _again(works, kind, job) if number else job
        with override("zh-hans"), faulty_engine(FIRST, error=error) as calls:
            end(job)
        assert calls.reached
        assert (job.state, job.error_code != "unexpected") == ("failed", True), error
        for language in ("en", "zh-hans"):
            _assert_told(job, works, language)


def _again(works: Works, kind: type[JobKind], failed: Job) -> Job:
    """The same job once more, or another one where it cannot be retried: to begin one costs more than to fail."""
    works.repair()
    failed.refresh_from_db()
    return retry_job(failed, actor=works.actor) if can_retry(failed, works.actor) else works.begin(kind)


def _assert_told(job: Job, works: Works, language: str) -> None:
    with override(language):
        said = job.error_sentence
    if job.project == works.actor.project:  # else it is the platform's
        headers = {"Accept-Language": language, "HX-Request": "true"}
        page = client_of(works.actor).get(job.get_absolute_url(), headers=headers)
        assert escape(said) in page.content.decode()
    assert "%(" not in said
    assert bool(CHINESE.search(said)) == (language == "zh-hans")
