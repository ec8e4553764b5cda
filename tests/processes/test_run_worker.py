"""A whole `manage.py run_worker`: its processes die, are asked to end, and are busy."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from django_tasks_db.models import DBTaskResult

from imsconsole.jobs.models import ClockEntry, Job
from tests.jobs.kinds import QuickWriteFiles
from tests.support.processes import children_of, is_alive
from tests.support.workers import nursery, supervisor, until

# slow: each starts four processes that load Django, and waits for real leases
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow(reason="whole trees of workers start, are killed and waited for"),
]
Start = Callable[..., Job]
ONE_BULK_WORKER = {"IMS_QUICK_WORKERS": "1", "IMS_BULK_WORKERS": "1"}


def state(job: Job) -> str:
    job.refresh_from_db()
    return job.state


def until_writing(job: Job) -> None:
    """Wait until the job is in the middle of its second step."""
    until(lambda: state(job) == "running" and bool(job.bytes_done), "the job wrote")


def test_a_killed_worker_is_replaced_and_its_job_ends_well(start: Start, tmp_path: Path):
    with supervisor(**ONE_BULK_WORKER) as process:
        job = start(waits=True)
        until_writing(job)
        doomed = int(job.holder.rpartition("-")[2])
        assert doomed in children_of(process.pid)

        os.kill(doomed, signal.SIGKILL)
        (tmp_path / "go").touch()
        until(lambda: state(job) == "done", "another worker ended the job")

        assert (job.attempt, job.deaths) == (2, 1)
        until(lambda: len(children_of(process.pid)) == 3, "all three processes run again")


def test_quick_work_goes_ahead_while_all_bulk_workers_are_busy(start: Start, tmp_path: Path):
    with supervisor(**ONE_BULK_WORKER):
        busy, waiting = start(waits=True), start()
        until_writing(busy)

        quick = start(QuickWriteFiles)
        until(lambda: state(quick) == "done", "the quick job was done")

        assert (state(busy), state(waiting)) == ("running", "queued")
        (tmp_path / "go").touch()
        until(lambda: state(waiting) == "done", "the rest was done")


def test_a_job_whose_wake_up_was_lost_begins_all_the_same(start: Start):
    job = start()
    DBTaskResult.objects.all().delete()

    with supervisor(**ONE_BULK_WORKER):
        until(lambda: state(job) == "done", "the clock woke the job")

    assert ClockEntry.objects.get(name="jobs.take_up_orphans").finished_at is not None


def test_workers_asked_to_end_give_their_job_back_and_others_go_on_with_it(start: Start, tmp_path: Path):
    with supervisor(**ONE_BULK_WORKER) as process:
        job = start(waits=True)
        until_writing(job)
        process.terminate()
        assert process.wait() == 0

    assert (state(job), job.deaths, list(job.results)) == ("queued", 0, ["prepare"])
    (tmp_path / "go").touch()
    with nursery() as workers:
        assert workers.start_worker().wait() == 0
    assert (state(job), job.attempt, job.deaths) == ("done", 2, 0)


def test_no_worker_outlives_a_killed_supervisor():
    with supervisor(**ONE_BULK_WORKER) as process:
        until(lambda: len(children_of(process.pid)) == 3, "all three processes run")
        until(lambda: ClockEntry.objects.exists(), "they work")
        children = children_of(process.pid)

        process.kill()

        until(lambda: not any(is_alive(child) for child in children), "its children ended")
