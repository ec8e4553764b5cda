"""The clock of the host really stands wrong, as `faketime` makes it: a whole `manage.py run_worker`, its jobs and its periodic work."""

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from imsconsole.core.now import APART
from imsconsole.jobs.models import ClockEntry, Job
from tests.processes.test_run_worker import ONE_BULK_WORKER, state, until_writing
from tests.support.console import wait_for
from tests.support.processes import children_of
from tests.support.workers import PATIENCE_S, supervisor, until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow(reason="whole trees of workers start, are killed and waited for"),
]
Start = Callable[..., Job]
OtherTime = Callable[[str | Path], dict[str, str]]
DAYS = 365


# the library takes the moment until which Python sleeps, which is monotonic, for one of the clock that it changes
SLEEP = "import select, time; time.sleep = lambda seconds: select.select((), (), (), seconds)"


@pytest.fixture
def other_time(tmp_path: Path) -> OtherTime:
    """The environment in which the clock stands so far ahead or behind (`-365d`), or as a file says at every moment."""
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "sitecustomize.py").write_text(SLEEP)
    fixed = {
        "LD_PRELOAD": str(library),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_CACHE_DURATION": "1",
        "PYTHONPATH": str(tmp_path / "python"),
    }
    return lambda stands: {
        **fixed,
        "FAKETIME_TIMESTAMP_FILE" if isinstance(stands, Path) else "FAKETIME": str(stands),
    }


def has_run(days: int) -> bool:
    """Whether the clock takes up orphans, and it is as many days from now for it."""
    at = datetime.now(UTC) + timedelta(days=days)
    runs = ClockEntry.objects.filter(name="jobs.take_up_orphans", finished_at__range=(at - APART, at + APART))
    return runs.exists()


def test_workers_whose_clock_jumps_end_their_job_and_those_that_begin_in_another_time_go_on_with_all(
    start: Start, tmp_path: Path, other_time: OtherTime
):
    """The clock stands right in the end, then ahead, then behind; all workers are killed each time."""
    stands, go = tmp_path / "stands", tmp_path / "go"
    stands.write_text("+0d")
    with supervisor(**ONE_BULK_WORKER, **other_time(stands)) as process:
        until_writing(job := start(waits=True))
        for days in (DAYS, -DAYS, 0):
            stands.write_text(f"{days:+}d")
            wait_for(lambda days=days: has_run(days), f"the clock runs {days} days from now")
        go.touch()
        until(lambda: state(job) == "done", "the job ended")
        left = left_by_killed(process.pid, start, go)

    for days in (DAYS, -DAYS):
        with supervisor(**ONE_BULK_WORKER, **other_time(f"{days:+}d")) as process:
            wait_for(lambda days=days: has_run(days), "the clock runs")
            go.touch()
            until(lambda job=left: state(job) == "done", "the job ended")
            assert (left.attempt, left.deaths) == (2, 1)
            if days == DAYS:
                left = left_by_killed(process.pid, start, go)
            else:
                process.terminate()
                assert process.wait(PATIENCE_S) == 0


def left_by_killed(pid: int, start: Start, go: Path) -> Job:
    """A job in the middle of which all workers are killed."""
    go.unlink()
    until_writing(left := start(waits=True))
    for each in [pid, *children_of(pid)]:
        os.kill(each, signal.SIGKILL)
    assert state(left) == "running"
    return left
