"""A process that has loaded Django once and forks real workers on demand (see `workers.py`).

Each line of standard input is an order, each line of standard output its answer. A forked worker runs the
library's `db_worker` until nothing is left to do. The wrappers around `Run` are the only hooks: they note
each point a job passes, or halt there until they are killed or told to go on.
"""

import contextlib
import ctypes
import faulthandler
import gc
import json
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imsconsole.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django_tasks_db.management.commands import db_worker  # noqa: E402

from imsconsole.jobs import runner  # noqa: E402
from imsconsole.jobs.clock import take_up_orphans  # noqa: E402
from imsconsole.jobs.models import Job  # noqa: E402
from imsconsole.jobs.run import Run  # noqa: E402
from tests.support.engines import SLOW  # noqa: E402
from tests.support.hurried import hurry  # noqa: E402

settings.ENGINES["slow"] = SLOW
hurry(Path(os.environ["IMS_TEST_DIR"]))
PR_SET_PDEATHSIG = 1
PATIENCE_S = 300  # a worker that hangs says where, and ends


class Points:
    """The points a job passes, named `phase:step:what:number`, and what is to happen at one of them."""

    def __init__(self, folder: Path, halt_at: str, cancel_at: str) -> None:
        self.folder, self.halt_at, self.cancel_at = folder, halt_at, cancel_at
        self.passed: Counter[str] = Counter()
        # held while halted, so that no renewal is half-way then; and while the job's row is locked, for a
        # renewal that waits for the row would keep a worker from halting with it for ever
        self.beating = threading.RLock()
        self.is_reporting = False  # how often a report asks for the row depends on the time

    def at(self, run: Run, what: str) -> None:
        if self.is_reporting:
            return
        base = f"{'undo' if run.job.outcome else 'do'}:{run.job.step}:{what}"
        self.passed[base] += 1
        if what == "report" and self.passed[base] > 1:
            return
        point = f"{base}:{self.passed[base]}"
        with (self.folder / "points").open("a") as file:
            file.write(f"{point} {_place()}\n")
        if point == self.cancel_at:
            Job.objects.filter(pk=run.job.pk).update(cancel_requested=True)
        if point == self.halt_at:
            self._halt()

    def _halt(self) -> None:
        with self.beating:
            (self.folder / "halted").touch()
            while not (self.folder / "go").exists():
                time.sleep(0.005)


def _place() -> str:
    """Where the job is: in a `transaction`, `inside` a step, or in the runner, `between` two."""
    if connection.in_atomic_block:
        return "transaction"
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals["__name__"] in (__name__, contextlib.__name__):
        frame = frame.f_back
    return "between" if frame.f_globals["__name__"] == runner.__name__ else "inside"


def watch(points: Points) -> None:
    """Put the points around the methods of `Run` through which every job passes."""
    hold, report, write, fenced, renew = Run.hold, Run.report, Run.write, Run.fenced, Run.renew

    def watched_hold(run: Run) -> None:
        points.at(run, "hold")
        hold(run)

    def watched_report(run: Run, done: int, total: int) -> None:
        points.at(run, "report")
        points.is_reporting = True
        try:
            report(run, done, total)
        finally:
            points.is_reporting = False

    def watched_write(run: Run, **fields: Any) -> None:
        if "results" in fields:
            points.at(run, "finished")
        if "state" in fields:
            points.at(run, "settled")
        write(run, **fields)

    @contextlib.contextmanager
    def watched_fenced(run: Run) -> Iterator[None]:
        points.at(run, "fenced")
        with points.beating, fenced(run):
            yield

    def watched_renew(run: Run) -> None:
        with points.beating:
            renew(run)

    watched: dict[str, Callable[..., Any]] = {
        "hold": watched_hold,
        "report": watched_report,
        "write": watched_write,
        "fenced": watched_fenced,
        "renew": watched_renew,
    }
    for name, method in watched.items():
        setattr(Run, name, method)


def work(order: dict[str, str]) -> None:
    """Be a worker: wake orphans as the clock would, then run all that waits."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    faulthandler.dump_traceback_later(PATIENCE_S, exit=True)
    watch(Points(Path(order["folder"]), order["halt_at"], order["cancel_at"]))
    take_up_orphans()
    call_command(
        db_worker.Command(),
        queue_name="*",
        batch=True,
        interval=0,
        startup_delay=False,
        reload=False,
        verbosity=0,
    )


def fork(order: dict[str, str]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(2, 1)
        work(order)
        code = 0
    finally:
        connection.close()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    gc.freeze()  # what is loaded stays one with the workers': none looks through it for what is left over
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            _, status = os.waitpid(order["wait"], 0)
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = fork(order)
        print(answer, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
