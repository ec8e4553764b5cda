"""Real workers, really killed: for the tests of every kind of job.

    @pytest.mark.django_db(transaction=True)
    def test_a_copy_survives_every_death_of_its_worker(people):
        def start() -> Job:                      # a new subject and its job, as the service makes them
            return copy_image(ImageFactory(...), actor=people.bob).jobs...

        def check(job: Job) -> None:             # the job has ended: nothing may be left over
            assert Image.objects.get(pk=job.subject_id).status == ("active" if job.state == "done" else "killed")
            assert_store_is_clean()

        kill_at_every_step(CopyImage, start, check)

`kill_at_every_step` runs one job undisturbed and learns the points it passes: before and after each step,
at each `hold` and `fenced` and the first `report` in its middle. Then, with a new job for each point, the
worker dies there: its lease lapses, another worker takes up and ends the job. Inside a step it is stopped
(SIGSTOP), which to the other is as good as dead, and later goes on (SIGCONT) and must change nothing.
Between two steps, where only the runner would go on, and inside a transaction, whose locks would stay, it
is killed (SIGKILL); at the first `report`, where a program may be running for it, both in turn. With `undo` the
same for a job that is cancelled after its last step and undone. Not at every point, as they are dear: of those at
which a death leaves the same only at one; on PostgreSQL only at transactions; on the slow engine (`on_each_engine`),
which differs where a verb has made a reference that no row has yet, at the last of each step, and at two where it is
undone; on the local one at both ends of each step; on a real cloud at one in each step. A kind that inherits its steps says which points are its `own`.
`make test-sweeps` (SWEEP=all) leaves none out.

Workers see the test's database and data folder, but neither settings changed by a test nor a moved clock.
For other plans: `with nursery() as workers:` and `workers.start_worker(halt_at=point)`, `.wait_halted()`, `.kill()`, `.stop()`, `.go_on()`.
`with supervisor():` has a whole `manage.py run_worker` going. For jobs whose death is not the point: `run_jobs()` runs all that waits, `finish(job)` one, in the test's own
process and also inside its transaction (`@pytest.mark.django_db` will do).
"""

import functools
import json
import logging
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection
from django.test import override_settings

from imsconsole.accounts.models import Region
from imsconsole.core.now import now
from imsconsole.jobs.kinds import JobKind
from imsconsole.jobs.models import Job
from imsconsole.jobs.runner import run_job
from tests.support.processes import is_alive
from tests.support.sweep import is_whole, some

PATIENCE_S = 180
logger = logging.getLogger(__name__)


def until(condition: Callable[[], bool], what: str, pause_s: float = 0.01) -> None:
    """Wait until something is so; fail when it takes absurdly long."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(pause_s)


def run_jobs() -> None:
    """Run every waiting job here and now, in the order they were started."""
    while job := Job.objects.filter(state=Job.State.QUEUED).order_by("created_at").first():
        finish(job)


def finish(job: Job) -> Job:
    """Run a job here and now; the job as it is then. Works inside a test's transaction, too."""
    with override_settings(IMS_JOB_LEASE_S=600):  # no heartbeat: its thread would not see our transaction
        run_job(str(job.pk), "test")
    job.refresh_from_db()
    return job


def lapse(job: Job) -> None:
    """Let the lease of a job end, as if its worker had not been heard of for long."""
    Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(lease_until=now() - timedelta(seconds=1))


def worker_environment(database: str = "") -> dict[str, str]:
    """The environment in which a Django process sees this test's data folder, and its database or another one beside it."""
    return {**os.environ, "IMS_DATABASE_URL": _database_url(database), "PYTHONUNBUFFERED": "1"}


def _database_url(name: str) -> str:
    db = connection.settings_dict
    name = name or db["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    login = ":".join(quote(part, safe="") for part in (db["USER"], db["PASSWORD"]) if part)
    host = f"{quote(db['HOST'], safe='')}:{db['PORT']}" if db["PORT"] else quote(db["HOST"], safe="")
    return f"postgres://{login}@{host}/{name}"


Point = tuple[str, str]  # its name, and where it is: `inside` a step, `between` two, in a `transaction`


@dataclass
class Worker:
    """A forked worker process, and the folder in which it leaves its marks."""

    pid: int
    folder: Path
    nursery: "Nursery"
    code: int | None = None

    def points(self) -> list[Point]:
        """What its jobs passed, in order, and where."""
        lines = (self.folder / "points").read_text().splitlines()
        return [(point, place) for point, place in (line.split(" ") for line in lines)]

    def is_halted(self) -> bool:
        return (self.folder / "halted").exists()

    def is_gone(self) -> bool:
        return self.code is not None or not is_alive(self.pid)

    def wait_halted(self) -> bool:
        """Wait until it halts; False when it has ended instead, as one that hangs does by itself."""
        while not (self.is_halted() or self.is_gone()):
            time.sleep(0.01)
        return self.is_halted()

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self.wait()

    def stop(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Leave the point where it halts, and run again if it was stopped."""
        (self.folder / "go").touch()
        os.kill(self.pid, signal.SIGCONT)

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        if self.code is None:
            self.code = self.nursery.order({"wait": self.pid})
        return self.code


class Nursery:
    """A process that forks workers which have loaded everything already."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=os.environ["IMS_TEST_DIR"]))
        self.workers: list[Worker] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.worker_main"],
            cwd=settings.BASE_DIR,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def order(self, order: dict[str, object]) -> int:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(order) + "\n")
        return int(self.process.stdout.readline())

    def start_worker(self, halt_at: str = "", cancel_at: str = "") -> Worker:
        """A worker that runs all that waits, and all whose worker is gone, then ends."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        pid = self.order({"folder": str(folder), "halt_at": halt_at, "cancel_at": cancel_at})
        self.workers.append(Worker(pid, folder, self))
        return self.workers[-1]

    def clear(self) -> None:
        """Kill the workers of a test that are still there."""
        while self.workers:
            worker = self.workers.pop()
            if worker.code is None:
                worker.kill()


@functools.cache
def _nursery(settings_read: frozenset[tuple[str, str]]) -> Nursery:
    """One for all tests of this process that want the same settings: it ends with it, when its standard input does."""
    return Nursery({**os.environ, **dict(settings_read)})


@contextmanager
def nursery() -> Iterator[Nursery]:
    workers = _nursery(frozenset(each for each in worker_environment().items() if each[0].startswith("IMS_")))
    try:
        yield workers
    finally:
        workers.clear()


@contextmanager
def supervisor(command: str = "run_worker", **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A real `manage.py run_worker` with its workers and clock, or `serve`; ended at the end."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", command],
        cwd=settings.BASE_DIR,
        env={**worker_environment(), **environment},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_S)
        finally:
            process.kill()


def kill_at_every_step(
    kind: type[JobKind],
    start: Callable[[], Job],
    check: Callable[[Job], None],
    clear: Callable[[Job], None] = lambda _job: None,
    *,
    undo: bool = True,
    ends: str = Job.State.DONE,
    where: str = "",
    own: str = "",
    both_ways: bool = False,
) -> list[str]:
    """Kill or stop the workers of a kind of job at each of its points (see above).

    `start` makes a new subject and its job, of `kind`; `check` sees the ended job and asserts that nothing
    is left over; `clear` makes room for the next; `ends` is the state in which an undisturbed job ends;
    `where`, a pattern, narrows the points at which workers die, when attempts are dear; `own` does so unless
    SWEEP=all, where another kind, whose workers are killed as well, has the other steps; `both_ways` stops
    them between steps as well, to see the runner itself. Returns all points.
    """
    with nursery() as workers:
        attempts = Attempts(workers, kind, start, check, clear, both_ways)
        points = attempts.learn(ends)
        last = next(point for point, _ in reversed(points) if ":hold:" in point)
        for point in _chosen(points, where, own, both_ways):
            attempts.disturb(point, ends)
        if undo:
            passed = attempts.learn(Job.State.CANCELLED, last)
            undo_points = [point for point in passed if point[0].startswith("undo:")]
            points += undo_points
            for point in _chosen(undo_points, where, own, both_ways):
                attempts.disturb(point, Job.State.CANCELLED, last)
    return [point for point, _ in points]


def _chosen(points: list[Point], where: str, own: str, is_all: bool) -> list[Point]:
    """Those at which workers die; which, depends on nothing but the points.

    PostgreSQL differs where a transaction is open or begins; elsewhere it is at rest as SQLite is.
    """
    chosen = [point for point in points if re.search(where, point[0])]
    assert chosen or not where, f"no point is like {where}"
    if is_all or is_whole():
        return chosen
    if not where:
        chosen = [point for point in different(chosen) if re.search(own, point[0])]
    if connection.vendor == "postgresql":
        chosen = [(name, place) for name, place in chosen if place == "transaction" or ":fenced:" in name]
    engines = set(Region.objects.values_list("engine", flat=True))
    if "openstack" in engines:
        return _one_in_each_step(chosen)
    if "slow" in engines:
        return _last_of_each_step(chosen)
    return chosen if where else ends_of_each_step(chosen)


def ends_of_each_step(points: list[Point]) -> list[Point]:
    """The first of all; of each step the report in its middle, and the last inside, between and in a transaction.

    Of what is undone, which is told of one step, five.
    """
    if points and points[0][0].startswith("undo:"):
        return some(points, 5)
    last = {(point.split(":")[1], place): point for point, place in points}
    return [
        (point, place)
        for point, place in points
        if point == points[0][0] or ":report:" in point or last[point.split(":")[1], place] == point
    ]


def _last_of_each_step(points: list[Point]) -> list[Point]:
    """The last inside of each; of what is undone, which is told of one step, two."""
    inside = [point for point in points if point[1] == "inside"]
    done = {name.split(":")[1]: (name, place) for name, place in inside if name.startswith("do:")}
    return [*done.values(), *some([point for point in inside if point[0].startswith("undo:")], 2)]


def _one_in_each_step(points: list[Point]) -> list[Point]:
    """Where it waits for something that is half made, if it does; else the last inside."""
    steps: dict[str, Point] = {}
    for point, place in points:
        step = point.split(":")[1]
        waits = step in steps and ":report:" in steps[step][0]
        if place == "inside" and not waits:
            steps[step] = (point, place)
    return list(steps.values())


def different(points: list[Point]) -> list[Point]:
    """Of points at which a death leaves the same, one.

    Before a step the runner has written no more than when it `finished` the one before, whose result is there at any point
    of this one; and in the end nothing but what is rolled back when it dies as it is `settled`. Of many points of one
    name in one step the first and the last.
    """
    chosen = [(name, place) for name, place in points if place != "between" or ":finished:" in name]
    alike: dict[str, list[Point]] = {}
    for point in chosen:
        alike.setdefault(point[0].rpartition(":")[0], []).append(point)
    left_out = {point for each in alike.values() for point in each[1:-1]}
    return [point for point in chosen if point not in left_out]


@dataclass
class Attempts:
    """One kind of job, tried again and again."""

    workers: Nursery
    kind: type[JobKind]
    start: Callable[[], Job]
    check: Callable[[Job], None]
    clear: Callable[[Job], None]
    both_ways: bool
    # a worker was killed, and one stopped, while a program may have been running for it
    reported: bool = False

    def learn(self, ends: str, cancel_at: str = "") -> list[Point]:
        """The points that a job passes which nobody disturbs."""
        job = self.start()
        assert type(job.job_kind) is self.kind
        worker = self.workers.start_worker(cancel_at=cancel_at)
        assert worker.wait() == 0
        self._check_ended(job, ends)
        self.clear(job)
        return worker.points()

    def disturb(self, point: Point, ends: str, cancel_at: str = "") -> None:
        name, place = point
        for way in self._ways(name, place):
            logger.info("%s at %s", way.__name__, name)
            try:
                job = self.start()
                worker = self.workers.start_worker(halt_at=name, cancel_at=cancel_at)
                if worker.wait_halted():
                    way(worker, job)
                else:
                    assert ":report:" in name, "the job did not come by again"
                self._check_ended(job, ends)
                self.clear(job)
            except BaseException as error:
                error.add_note(f"{way.__name__} at {name}")
                raise

    def _ways(self, name: str, place: str) -> list[Callable[[Worker, Job], None]]:
        if place == "transaction":
            return [self.kill]
        if self.both_ways or (":report:" in name and (is_whole() or not self.reported)):
            self.reported = True
            return [self.kill, self.stop]
        return [self.kill] if place == "between" else [self.stop]

    def kill(self, worker: Worker, job: Job) -> None:
        worker.kill()
        self._take_up(job)

    def stop(self, worker: Worker, job: Job) -> None:
        worker.stop()
        self._take_up(job)
        ended = Job.objects.filter(pk=job.pk).values().get()
        worker.go_on()
        assert worker.wait() == 0
        assert Job.objects.filter(pk=job.pk).values().get() == ended, "a worker that woke up late wrote"

    def _take_up(self, job: Job) -> None:
        """Another worker ends it: this process, which has run jobs before; where the runner itself is tested, one like the first."""
        lapse(job)
        if self.both_ways:
            assert self.workers.start_worker().wait() == 0
        else:
            finish(job)
            run_jobs()

    def _check_ended(self, job: Job, ends: str) -> None:
        job.refresh_from_db()
        assert job.state == ends, f"{job.state}: {job.error_code} {job.error_values}"
        assert not job.reservations.exists()
        self.check(job)
