"""Where the next limits are: many hosts, projects and images, and a year of jobs on a moved clock, on one filled database.

All of it is the console's own: the clock of each host, the queue's worker, leases and the runner, on the real database. What is simulated is
who they are (100 hosts take turns in one process) and the time (`core.now`, moved; also Django's, by which the queue's rows grow old). So
what is measured is work, in milliseconds that a core is busy with it, here and in the database's process, whatever else the machine does;
how much of it there is in a second is arithmetic.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone
from django_tasks_db.management.commands.db_worker import Worker

from images.models import Image
from imsconsole.accounts.actor import Actor, actor_for
from imsconsole.accounts.models import Project
from imsconsole.core import now as clock
from imsconsole.jobs import hosts, periodic
from imsconsole.jobs.clock import take_up_orphans
from imsconsole.jobs.models import ClockEntry, Job
from imsconsole.jobs.run import Run
from imsconsole.jobs.runner import claim
from imsconsole.jobs.start import start_job
from tests.bench.cost import alone, busy_ms
from tests.bench.figures import Figure
from tests.bench.growth import person_of_the_past
from tests.jobs.kinds import WriteFiles

HOSTS = 100
WORKERS, POLLS_S, TICKS_S, NOTES_S = (
    4,
    2.0,
    1.0,
    0.1,
)  # of a host: two of each queue; what each does in a second
JOBS, KILLED = 100, 100
WEEKS, JOBS_A_WEEK = 52, 140  # a thousandth of the load of `past`
GROWING = (
    "jobs.Job",
    "django_tasks_database.DBTaskResult",
    "audit.Event",
    "notifications.Message",
    "jobs.QuotaChange",
)


def figures(size: str) -> list[Figure]:
    """Of the filled database, with a year behind it that is filled in as well; then another year, which is run."""
    files = override_settings(IMS_VERIFY_DAYS=0)  # of the filled rows there are none
    with TemporaryDirectory() as folder, _one_clock(), files:
        alone()
        actor = _actor()
        return [
            *_sizes(),
            *_clocks(),
            *_queue(actor, folder),
            *_leases(actor, folder),
            *_year(actor, folder),
        ]


def _actor() -> Actor:
    user, project = person_of_the_past(), Project.objects.get(name="other-0")
    Project.objects.filter(pk=project.pk).update(quotas={"images": 10**9})
    actor = actor_for(user, Project.objects.get(pk=project.pk), "192.0.2.1")
    assert actor
    return actor


@contextmanager
def _one_clock() -> Iterator[None]:
    """Django's time moves with ours."""
    with patch.object(timezone, "now", clock.now):
        yield
    clock.reset()


@contextmanager
def _as_host(number: int) -> Iterator[None]:
    """What is said and noted is a host's."""
    name = f"host-{number:03}"
    with (
        patch.object(periodic.socket, "gethostname", lambda: name),
        patch.object(hosts, "host_id", lambda: f"{number:08}"),
    ):
        yield


def _sizes() -> list[Figure]:
    images, whole = Image.objects.count(), _database_bytes()
    return [
        Figure(
            "database for each image, all its rows and indexes",
            whole / images / 1024,
            "KiB",
            how=f"{whole / 2**20:,.0f} MiB",
        )
    ]


def _database_bytes() -> int:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return Path(str(connection.settings_dict["NAME"])).stat().st_size


def _clocks() -> list[Figure]:
    """What the clocks of all hosts cost: that which is due once, whoever runs it, and looking whether something is."""
    with _as_host(0):
        hosts.note_host()
        periodic.tick()
        clock.move(timedelta(days=1))
        due = busy_ms(periodic.tick)
    entries = ClockEntry.objects.exclude(finished_at=None).values_list("name", "started_at", "finished_at")
    slow = sorted(((end - start, name) for name, start, end in entries), reverse=True)[:3]
    said = ", ".join(f"{name} {took.total_seconds() * 1000:.0f} ms" for took, name in slow)
    each = []
    for number in range(HOSTS):
        with _as_host(number):
            hosts.note_host()
            periodic.tick()  # what each host does for itself
            each.append(busy_ms(periodic.tick))
    look = sorted(each)[HOSTS // 2]
    with _as_host(1):
        note = busy_ms(hosts.note_host, 20)
    return [
        Figure("all periodic work, once", due, "ms", how=said),
        Figure("a host looks what is due", look, "ms", how=f"{HOSTS} hosts, once a second each"),
        Figure("a host notes that it is there", note, "ms", how="every 10 s"),
        Figure(
            "clocks of 100 hosts",
            HOSTS * (TICKS_S * look + NOTES_S * note) / 10,
            "% core",
            how="with the database's part",
        ),
    ]


def _queue(actor: Actor, folder: str) -> list[Figure]:
    """Workers that find nothing, and one that finds jobs, from the click to the end."""
    poll = busy_ms(_work, 50)
    started = busy_ms(lambda: [_start(actor, folder) for _ in range(JOBS)])
    ran = busy_ms(_work)
    left = (
        Job.objects.filter(kind=WriteFiles.kind, project=actor.project).exclude(state=Job.State.DONE).count()
    )
    assert not left, f"{left} jobs did not end"
    return [
        Figure(
            "a worker finds nothing to do", poll, "ms", how=f"{WORKERS} a host, every {1 / POLLS_S:g} s each"
        ),
        Figure(
            "idle workers of 100 hosts",
            HOSTS * WORKERS * POLLS_S * poll / 10,
            "% core",
            how="with the database's part",
        ),
        Figure("a job is ordered", started / JOBS, "ms"),
        Figure("a job of three steps runs", ran / JOBS, "ms", how="without the bytes it would move"),
        Figure("jobs a minute, a core", 60_000 * JOBS / (started + ran), "", how="ordered and run"),
    ]


def _leases(actor: Actor, folder: str) -> list[Figure]:
    """100 hosts hold a job each and die at once; the clock gives all to others, and each is done once."""
    jobs = [_start(actor, folder) for _ in range(KILLED)]
    for number, job in enumerate(jobs):
        assert claim(str(job.pk), f"host-{number:03}")
    run = Run(Job.objects.get(pk=jobs[0].pk))
    renew = busy_ms(run.renew, 20)
    _work()  # the wake-ups that are there find every job held
    assert Job.objects.filter(pk__in=[job.pk for job in jobs], state=Job.State.RUNNING).count() == KILLED
    clock.move(timedelta(seconds=2 * settings.IMS_JOB_LEASE_S))
    wake = busy_ms(take_up_orphans)
    again = busy_ms(_work)
    ended = Job.objects.filter(pk__in=[job.pk for job in jobs], state=Job.State.DONE, attempt=2).count()
    assert ended == KILLED, f"{KILLED - ended} of {KILLED} jobs were not done by a second worker"
    return [
        Figure("a lease is renewed", renew, "ms", how="a running job, every third of a lease"),
        Figure("jobs of 100 dead hosts are found", wake, "ms", how="at once, by any clock"),
        Figure("and done by others", again / KILLED, "ms", how="each"),
    ]


def _year(actor: Actor, folder: str) -> list[Figure]:
    """The clock is moved by weeks; each has its jobs, of which one loses its worker."""
    before, rows, ticks = _sizes_of(), _rows(), []
    told: list[Figure] = []
    for week in range(WEEKS):
        jobs = [_start(actor, folder) for _ in range(JOBS_A_WEEK)]
        claim(str(jobs[0].pk), "host-that-dies")
        _work()
        clock.move(timedelta(days=7))
        with _as_host(week % HOSTS):
            hosts.note_host()
            ticks.append(busy_ms(periodic.tick))
        _work()
        if week + 1 in (4, WEEKS):
            how = ", ".join(f"{name} {count:,}" for name, count in _rows().items())
            told.append(
                Figure(f"after {week + 1} weeks: all periodic work", sum(ticks[-4:]) / 4, "ms", how=how)
            )
    errors = ClockEntry.objects.exclude(error="").values_list("name", "error")
    assert not errors, list(errors)
    alive = Job.objects.filter(kind=WriteFiles.kind, project=actor.project).live().count()
    assert not alive, f"{alive} jobs of a year still live"
    return [*told, *_left(before, rows)]


def _left(sizes: dict[str, int], rows: dict[str, int]) -> Iterator[Figure]:
    """What the jobs of the year have left in each table once what is old was forgotten, and what a row takes there."""
    after, now, jobs = _sizes_of(), _rows(), WEEKS * JOBS_A_WEEK
    for name, count in now.items():
        grown = (after[name] - sizes[name]) / jobs
        each = after[name] / count if count else 0
        how = f"rows {count - rows[name]:+,}; a row takes {each:,.0f} B, indexes included"
        yield Figure(f"each of {jobs:,} jobs leaves in {name}", grown, "B", how=how)


def _sizes_of() -> dict[str, int]:
    """Bytes of each of the tables that grow, with their indexes, without what was deleted. SQLite does not tell."""
    if connection.vendor != "postgresql":
        return dict.fromkeys(_rows(), 0)
    found = {}
    with connection.cursor() as cursor:
        for label in GROWING:
            table = apps.get_model(label)._meta.db_table
            cursor.execute(f'VACUUM FULL "{table}"')
            cursor.execute("SELECT pg_total_relation_size(%s)", [table])
            found[label.rsplit(".")[-1]] = cursor.fetchone()[0]
    return found


def _rows() -> dict[str, int]:
    return {label.rsplit(".")[-1]: apps.get_model(label).objects.count() for label in GROWING}


def _start(actor: Actor, folder: str) -> Job:
    with transaction.atomic():
        image = Image.objects.create(
            project=actor.project, region=actor.region, name=f"made-{secrets.token_hex(6)}", status="saving"
        )
        return start_job(WriteFiles, image, actor=actor, folder=folder)


def _work() -> None:
    """The queue's own worker, until it finds nothing."""
    Worker(
        queue_names=["quick", "bulk"], interval=0, batch=True, backend_name="default", startup_delay=False,
        max_tasks=None, worker_id=f"bench-{secrets.token_hex(8)}", excluded_queue_names=[],
    ).run()  # fmt: skip
