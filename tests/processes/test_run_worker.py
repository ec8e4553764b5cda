"""A whole `manage.py run_worker`: its processes die, are asked to end, and are busy."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from django_tasks_db.models import DBTaskResult

from imsconsole.jobs.models import ClockEntry, Job
from tests.jobs.kinds import QuickWriteFiles
from tests.support.processes import children_of
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


def test_jobs_go_on_whatever_becomes_of_their_workers(
    start: Start, tmp_path: Path, subtests: pytest.Subtests
):
    go, unheard = tmp_path / "go", start()
    DBTaskResult.objects.all().delete()
    with supervisor(**ONE_BULK_WORKER) as process:
        with subtests.test("a job whose wake-up was lost begins all the same"):
            until(lambda: state(unheard) == "done", "the clock woke the job")
            assert ClockEntry.objects.get(name="jobs.take_up_orphans").finished_at is not None

        with subtests.test("quick work goes ahead while all bulk workers are busy"):
            busy, waiting = start(waits=True), start()
            until_writing(busy)
            quick = start(QuickWriteFiles)
            until(lambda: state(quick) == "done", "the quick job was done")
            assert (state(busy), state(waiting)) == ("running", "queued")
            go.touch()
            until(lambda: state(waiting) == "done", "the rest was done")

        with subtests.test("a killed worker is replaced, and its job ends well"):
            go.unlink()
            until_writing(job := start(waits=True))
            doomed = int(job.holder.rpartition("-")[2])
            assert doomed in children_of(process.pid)
            os.kill(doomed, signal.SIGKILL)
            go.touch()
            until(lambda: state(job) == "done", "another worker ended the job")
            assert (job.attempt, job.deaths) == (2, 1)
            until(lambda: len(children_of(process.pid)) == 3, "all three processes run again")

        go.unlink()
        until_writing(job := start(waits=True))
        process.send_signal(signal.SIGHUP)  # their terminal is closed
        assert process.wait() == 0

    with subtests.test("workers asked to end give their job back, and others go on with it"):
        assert (state(job), job.deaths, list(job.results)) == ("queued", 0, ["prepare"])
        go.touch()
        with nursery() as workers:
            assert workers.start_worker().wait() == 0
        assert (state(job), job.attempt, job.deaths) == ("done", 2, 0)
