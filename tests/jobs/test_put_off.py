"""Work on a region that does not answer waits and goes on by itself; other work is not held up."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django_tasks_db.models import DBTaskResult

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Region
from imsconsole.cloud.models import RegionReport
from imsconsole.core import now as clock
from imsconsole.core.now import now
from imsconsole.jobs.clock import take_up_orphans
from imsconsole.jobs.models import LONGEST_PUT_OFF, Job
from imsconsole.jobs.runner import MOST_PUT_OFFS
from imsconsole.jobs.services import cancel_job
from tests import factories
from tests.conftest import client_of
from tests.support.workers import finish, lapse

pytestmark = pytest.mark.django_db
Start = Callable[..., Job]


def silence(region: Region | str) -> None:
    RegionReport.objects.filter(pk=region).update(error_code="no-answer", error_values={"seconds": 10})


def hear(region: Region | str) -> None:
    RegionReport.objects.filter(pk=region).update(error_code="", answered_at=now())


def woken_by_clock() -> list[Job]:
    """The jobs that the clock wakes; those who were woken before have looked."""
    DBTaskResult.objects.all().delete()
    take_up_orphans()
    return [Job.objects.get(pk=row.args_kwargs["args"][0]) for row in DBTaskResult.objects.all()]


def test_a_step_whose_cloud_is_away_is_done_again_later(start: Start, tmp_path: Path):
    job = finish(start(fails_in="write_bytes", how="away"))

    assert (job.state, job.outcome, job.error_code, job.deaths) == ("queued", "", "", 0)
    assert "did not answer" in job.waits_because
    assert finish(job).attempt == 1, "not before its time"
    assert woken_by_clock() == []
    (tmp_path / "repaired").touch()
    clock.move(timedelta(seconds=16))
    assert woken_by_clock() == [job]
    assert job.waits_because == ""
    assert (finish(job).state, job.attempt, job.put_off_until) == ("done", 2, None)


def test_it_is_put_off_ever_longer_and_then_fails(start: Start, tmp_path: Path):
    job = start(fails_in="write_bytes", how="away")
    pauses = []
    while finish(job).put_off_until:
        pauses.append(job.put_off_until - now())
        clock.move(pauses[-1])

    assert len(pauses) == MOST_PUT_OFFS
    assert pauses[0] < timedelta(seconds=15) < pauses[2] < pauses[4] < LONGEST_PUT_OFF
    assert (job.state, job.error_code) == ("failed", "no-answer")
    assert not list(tmp_path.glob("*/*"))


def test_as_long_as_its_region_is_silent_that_is_not_counted(start: Start, people: SimpleNamespace):
    job = finish(start(fails_in="write_bytes", how="away"))
    assert job.put_offs == 1
    clock.move(LONGEST_PUT_OFF)
    silence(people.bob.region)

    assert finish(job).attempt == 1, "nobody tries"


def test_nothing_begins_in_a_silent_region_and_all_goes_on_elsewhere(
    start: Start, people: SimpleNamespace, tmp_path: Path
):
    far = factories.ProjectFactory(account=people.bob.account, region=factories.RegionFactory(code="far-1"))
    held, free = start(), start(actor=Actor(people.bob.user, far, people.bob.role))
    silence(people.bob.region)

    assert (finish(held).state, held.attempt) == ("queued", 0)
    assert str(people.bob.region) in held.waits_because
    assert finish(free).state == "done"
    clock.move(timedelta(hours=1))
    assert woken_by_clock() == []
    page = client_of(people.bob).get(held.get_absolute_url()).content.decode()
    assert "goes on by itself" in page
    hear(people.bob.region)
    assert woken_by_clock() == [held]
    assert finish(held).state == "done"


def test_work_for_a_silent_region_from_another_waits_too(start: Start, people: SimpleNamespace):
    far = factories.ProjectFactory(account=people.bob.account, region=factories.RegionFactory(code="far-1"))
    job = start()
    Job.objects.filter(pk=job.pk).update(target=far)
    silence(far.region)

    assert finish(job).state == "queued"
    hear(far.region)
    assert finish(job).state == "done"


def test_a_worker_that_dies_while_its_region_is_silent_is_followed_when_it_answers(
    start: Start, people: SimpleNamespace
):
    job = start()
    Job.objects.filter(pk=job.pk).update(state="running", attempt=1, lease_until=now())
    lapse(job)
    silence(people.bob.region)
    assert (woken_by_clock(), finish(job).attempt) == ([], 1)
    hear(people.bob.region)
    assert woken_by_clock() == [job]


def test_an_undo_that_meets_silence_is_gone_on_with(start: Start, tmp_path: Path, people: SimpleNamespace):
    job = start(fails_in="undo_write_bytes", how="away")
    claimed = finish_cancelled(job, people)

    assert (claimed.state, claimed.outcome) == ("queued", "cancelled")
    (tmp_path / "repaired").touch()
    clock.move(timedelta(seconds=16))
    assert finish(job).state == "cancelled"
    assert not list(tmp_path.glob("*/*"))


def finish_cancelled(job: Job, people: SimpleNamespace) -> Job:
    """Cancelled while it writes."""
    Job.objects.filter(pk=job.pk).update(attempt=1)
    Job.objects.filter(pk=job.pk).update(results={"prepare": {}}, step="write_bytes")
    cancel_job(job, actor=people.bob)
    return finish(job)


def test_a_job_that_has_not_begun_there_is_cancelled_at_once(start: Start, people: SimpleNamespace):
    job = start()
    silence(people.bob.region)
    cancel_job(job, actor=people.bob)

    assert finish(job).state == "cancelled"
