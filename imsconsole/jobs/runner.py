"""Running a job: claim it, do its steps, undo them when it fails, end it."""

import logging
import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Case, F, Value, When
from django.db.models.functions import Coalesce

from imsconsole.core.contention import retried
from imsconsole.core.counting import count, measure
from imsconsole.core.disconnection import disconnection_said
from imsconsole.core.errors import Away, Contended, Disconnected, ImsError, Interrupted
from imsconsole.core.fullness import fullness_said
from imsconsole.core.logs import about
from imsconsole.core.now import now
from imsconsole.core.sentences import lasting_values
from imsconsole.jobs.concurrency import line_of
from imsconsole.jobs.endings import tell_ending
from imsconsole.jobs.files import work_dir
from imsconsole.jobs.metrics import ATTEMPTS, ENDED, ERRORS, LEASE_LOSSES, RELEASES, RETRIES, SECONDS
from imsconsole.jobs.models import LONGEST_PUT_OFF, Job
from imsconsole.jobs.run import Cancelled, Heartbeat, LeaseLost, Run

logger = logging.getLogger(__name__)
MAX_DEATHS = 3
MOST_PUT_OFFS = 8  # some twenty minutes
FIRST_PUT_OFF = timedelta(seconds=15)
State = Job.State


def run_job(job_id: str, holder: str) -> None:
    """Run a job to its end, unless somebody else does or it has ended. Never raises for a job's failure."""
    job = claim(job_id, holder)
    if job is None:
        return
    with about(job_id=job.pk, user_id=job.user_id, project_id=job.project_id):
        _run(job, holder)


def _run(job: Job, holder: str) -> None:
    logger.info("%s begins, attempt %s, by %s", job.log_name, job.attempt, holder)
    count(ATTEMPTS, job.kind)
    if job.attempt > 1:
        count(RETRIES, job.kind)
    run = Run(job)
    try:
        with Heartbeat(run):
            _to_the_end(run)
    except LeaseLost:
        count(LEASE_LOSSES, job.kind)
        logger.warning(
            "%s was taken up by another worker: %s did not renew its lease in time", job.log_name, holder
        )
    except (SystemExit, KeyboardInterrupt):
        release(run, "its worker is stopped")
        raise


def claim(job_id: str, holder: str) -> Job | None:
    """Take a waiting job whose turn it is, or one whose worker is gone. Each take-up raises the attempt."""
    with line_of(job_id) as has_turn:
        return _taken(job_id, holder) if has_turn else None


def _taken(job_id: str, holder: str) -> Job | None:
    free = Job.objects.filter(state=State.QUEUED) | Job.objects.lapsed()
    off = Job.objects.filter(pk=job_id).put_off().values("pk")
    taken = (
        free.filter(pk=job_id)
        .exclude(pk__in=off)
        .update(
            deaths=F("deaths") + Case(When(state=State.RUNNING, then=Value(1)), default=Value(0)),
            state=State.RUNNING,
            attempt=F("attempt") + 1,
            holder=holder,
            lease_until=now() + timedelta(seconds=settings.IMS_JOB_LEASE_S),
            put_off_until=None,
            started_at=Coalesce("started_at", now()),
        )
    )
    if not taken:
        return None
    return Job.objects.select_related("project__account", "project__region", "target", "user").get(pk=job_id)


def release(run: Run, why: object, **changes: Any) -> None:
    """Give a job that is ours back. The clock wakes it at once: its last wake-up is said to be long ago."""
    long_ago = now() - timedelta(days=1)
    if run.ours().update(state=State.QUEUED, lease_until=None, holder="", woken_at=long_ago, **changes):
        count(RELEASES, run.job.kind)
        logger.warning("%s goes back to the queue: %s", run.job.log_name, why)


def _put_off(run: Run, error: Away) -> bool:
    """Give a job back until what is away may answer again, ever later; not for ever when its region does answer."""
    away = Job.objects.filter(pk=run.job.pk).put_off().exists()
    times = run.job.put_offs + (not away)
    if times > MOST_PUT_OFFS:
        return False
    pause = min(LONGEST_PUT_OFF, FIRST_PUT_OFF * 2 ** max(0, times - 1)) * (1 - secrets.randbelow(20) / 100)
    said = {"code": error.code, "values": lasting_values(error)}
    release(run, error, put_off_until=now() + pause, put_offs=times, put_off_error=said)
    return True


def _to_the_end(run: Run) -> None:
    if not run.job.outcome:
        _try_forward(run)
    if run.job.outcome:
        _try_backward(run)


def _try_forward(run: Run) -> None:
    """Do what is left to do and end the job; on any failure decide that it is to be undone."""
    try:
        with fullness_said(), disconnection_said():
            _forward(run)
            _end(run, State.DONE)
    except Cancelled as error:
        _fail(run, error, State.CANCELLED)
    except (Interrupted, Contended, Disconnected) as error:
        if isinstance(error, Disconnected):
            connection.close_if_unusable_or_obsolete()
        release(run, error, deaths=F("deaths") + 1)  # a killed helper is a death like the worker's own
    except Away as error:
        if not _put_off(run, error):
            _fail(run, error)
    except ImsError as error:
        _fail(run, error)
    except Exception:
        reference = secrets.token_hex(4)
        logger.exception(
            "%s met an unexpected error, reference %s",
            run.job.log_name,
            reference,
            extra={"reference": reference},
        )
        _fail(run, ImsError("unexpected", reference=reference))


def _forward(run: Run) -> None:
    """Do every step that has not finished yet."""
    if run.job.deaths >= MAX_DEATHS:
        raise ImsError("worker-killed", times=run.job.deaths)
    kind = run.job.job_kind
    if run.attempt > 1:
        kind.sweep(run)
        _do_anew_what_is_elsewhere(run)
    for step in kind.steps:
        if step not in run.job.results:
            run.write(step=step, bytes_done=0, bytes_total=0, heard_at=None, step_started_at=now())
            run.hold()
            result = retried(kind.do)(step, run)
            run.write(results={**run.job.results, step: result})
    run.hold()


def _do_anew_what_is_elsewhere(run: Run) -> None:
    """A worker of another host goes on from the first step whose file stayed there and is still needed."""
    kind, results = run.job.job_kind, run.job.results
    for step, needed_by in kind.scrap.items():
        if step in results and needed_by not in results and not _is_here(results[step]):
            logger.info("%s: step %s is done anew, for its file is not on this host", run.job.log_name, step)
            before = list(kind.steps)[: list(kind.steps).index(step)]
            run.write(results={name: results[name] for name in before if name in results})
            return


def _is_here(result: dict[str, Any]) -> bool:
    return (work_dir() / result.get("file", "none")).is_file()


def _fail(run: Run, error: ImsError, outcome: State = State.FAILED) -> None:
    """From now on the job is undone; whoever takes it up goes on undoing."""
    logger.info("%s is undone, to end as %s: %s", run.job.log_name, outcome, error)
    count(ERRORS, run.job.kind, error.code)
    kept = {"error_code": error.code, "error_values": lasting_values(error)}
    run.write(outcome=outcome, **kept, bytes_total=0, heard_at=None, deaths=0, put_offs=0)


def _try_backward(run: Run) -> None:
    """Undo and end. What cannot be undone now is tried again when the lease has lapsed, then given up."""
    try:
        if run.job.deaths < MAX_DEATHS:
            _backward(run)
        else:
            logger.error(
                "%s could not be undone in %s attempts; manage.py check_store names what it left",
                run.job.log_name, MAX_DEATHS,
            )  # fmt: skip
        _end(run, run.job.outcome)
    except Exception as error:
        if isinstance(error, Away) and _put_off(run, error):
            return
        logger.exception(
            "%s cannot be undone now; it is tried again when its lease has lapsed", run.job.log_name
        )


def _backward(run: Run) -> None:
    """Undo from the step that stopped back to the first. Each that had something to undo is struck, and what
    came after it: a retry does all of that again.
    """
    kind, steps = run.job.job_kind, list(run.job.job_kind.steps)
    if run.attempt > 1:
        kind.sweep(run)
    stopped = steps.index(run.job.step) if run.job.step in steps else -1
    for number, step in reversed(list(enumerate(steps[: stopped + 1]))):
        run.hold()
        if kind.undo(step, run):
            run.write(
                results={name: run.job.results[name] for name in steps[:number] if name in run.job.results}
            )


@retried
def _end(run: Run, state: str) -> None:
    """Settle the subject and end the job, or neither."""
    with run.fenced():
        run.job.job_kind.settle(run.job, state)
        run.job.reservations.all().delete()
        run.write(state=state, finished_at=now(), lease_until=None, holder="")
        tell_ending(run.job)
    count(ENDED, run.job.kind, state)
    measure(SECONDS, run.job.kind, seconds=run.job.duration_s or 0)
    logger.info("%s ended: %s", run.job.log_name, state)
