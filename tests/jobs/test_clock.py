"""The clock: once when due across hosts, caught up once, errors apart; orphans are woken."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from imsconsole.core import now as clock
from imsconsole.core.errors import Unavailable
from imsconsole.core.now import now
from imsconsole.core.periodic import Periodic
from imsconsole.jobs import periodic
from imsconsole.jobs.clock import forget_old_tasks, take_up_orphans
from imsconsole.jobs.models import ClockEntry, Job
from imsconsole.jobs.periodic import is_worker_alive, tick
from imsconsole.jobs.runner import claim
from tests.jobs.kinds import QuickWriteFiles, WriteFiles
from tests.support.workers import lapse

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Sets the periodic work to functions that note their name; `broken` ones raise."""

    def plan(*names: str) -> list[str]:
        ran: list[str] = []

        def work(name: str) -> Callable[[], None]:
            def run() -> None:
                ran.append(name)
                if "broken" in name:
                    raise {"broken": ZeroDivisionError(), "broken-engine": Unavailable("no-engine")}[name]

            return run

        works = [Periodic(name, MINUTE, work(name)) for name in names]
        monkeypatch.setattr(periodic, "all_periodic", lambda: iter(works))
        return ran

    return plan


def test_every_room_is_asked_for_its_periodic_work():
    names = [work.name for work in periodic.all_periodic()]

    assert "jobs.take_up_orphans" in names
    assert len(names) == len(set(names))


def test_work_runs_when_due_and_not_before(plan):
    ran = plan("sweep")
    tick()
    clock.move(MINUTE - timedelta(seconds=5))
    tick()
    assert ran == ["sweep"]

    clock.move(timedelta(seconds=5))
    tick()

    assert ran == ["sweep", "sweep"]


def test_after_a_long_pause_work_is_caught_up_once(plan):
    ran = plan("sweep")
    tick()
    clock.move(100 * MINUTE)

    tick()
    tick()

    assert ran == ["sweep", "sweep"]


@pytest.mark.django_db(transaction=True)
def test_two_hosts_run_due_work_once(plan):
    ran = plan("sweep", "count")
    tick()
    clock.move(MINUTE)
    barrier = threading.Barrier(4)

    def host() -> None:
        barrier.wait()
        tick()
        connection.close()

    threads = [threading.Thread(target=host) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(ran) == ["count", "count", "sweep", "sweep"]


def test_an_error_is_kept_and_does_not_stop_the_others(plan):
    ran = plan("broken", "broken-engine", "sweep")

    tick()

    assert ran == ["broken", "broken-engine", "sweep"]
    errors = dict(ClockEntry.objects.values_list("name", "error"))
    assert errors == {"broken": "ZeroDivisionError()", "broken-engine": "no-engine", "sweep": ""}


def test_looking_when_nothing_is_due_costs_one_query(plan, django_assert_num_queries):
    plan("sweep", "count", "prune")
    tick()

    with django_assert_num_queries(1):
        tick()


def test_workers_count_as_gone_when_no_clock_was_seen_for_half_a_minute(plan):
    assert not is_worker_alive()
    plan("sweep")
    tick()
    assert is_worker_alive()

    clock.move(timedelta(seconds=31))

    assert not is_worker_alive()


def waking(job: Job) -> int:
    ready = DBTaskResult.objects.filter(status="READY")
    return [task.args_kwargs["args"] for task in ready].count([str(job.pk)])


def test_a_waiting_job_whose_wake_up_was_lost_is_woken(start):
    job = start()
    DBTaskResult.objects.all().delete()
    take_up_orphans()
    assert waking(job) == 0  # it may be on its way still

    clock.move(timedelta(seconds=2))
    take_up_orphans()
    take_up_orphans()

    assert waking(job) == 1


def test_a_job_whose_worker_is_gone_is_woken_once(start):
    job = start()
    DBTaskResult.objects.update(status="RUNNING")
    claim(str(job.pk), "doomed")
    take_up_orphans()
    assert waking(job) == 0  # its worker lives

    lapse(job)
    take_up_orphans()
    take_up_orphans()

    assert waking(job) == 1


def test_the_wake_up_of_a_worker_that_was_killed_is_pruned_in_the_end(start):
    """Nobody says of it that it has ended; a worker that is alive is never at work for so long."""
    start()
    DBTaskResult.objects.update(status="RUNNING", started_at=now())
    forget_old_tasks()
    assert DBTaskResult.objects.count() == 1
    clock.move(timedelta(days=settings.IMS_TASKS_KEPT_DAYS, seconds=1))
    forget_old_tasks()
    assert not DBTaskResult.objects.exists()


def test_what_the_queue_has_done_is_forgotten_in_the_end_in_every_queue(start):
    for kind in (WriteFiles, QuickWriteFiles):
        start(kind)
    old = timezone.now() - timedelta(days=settings.IMS_TASKS_KEPT_DAYS, seconds=1)
    DBTaskResult.objects.update(status="SUCCESSFUL", finished_at=timezone.now())
    forget_old_tasks()
    assert set(DBTaskResult.objects.values_list("queue_name", flat=True)) == {"quick", "bulk"}
    DBTaskResult.objects.update(finished_at=old)
    forget_old_tasks()
    assert not DBTaskResult.objects.exists()
