"""Running a job: claim it, do its steps, undo them when it fails, end it."""

import logging
import secrets
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Q, Value, When

from imsconsole.core.errors import ImsError
from imsconsole.core.now import now
from imsconsole.jobs.models import Job
from imsconsole.jobs.run import Cancelled, Heartbeat, LeaseLost, Run

logger = logging.getLogger(__name__)
MAX_DEATHS = 3
State = Job.State


def run_job(job_id: str, holder: str) -> None:
    """Run a job to its end, unless somebody else does or it has ended. Never raises for a job's failure."""
    job = claim(job_id, holder)
    if job is None:
        return
    run = Run(job)
    try:
        with Heartbeat(run):
            _to_the_end(run)
    except LeaseLost:
        logger.warning("job %s was taken up by another worker", job_id)
    except (SystemExit, KeyboardInterrupt):
        release(run)
        raise


def claim(job_id: str, holder: str) -> Job | None:
    """Take a waiting job, or one whose worker is gone. Each take-up raises the attempt."""
    lapsed = Q(state=State.RUNNING, lease_until__lt=now())
    taken = Job.objects.filter(Q(state=State.QUEUED) | lapsed, pk=job_id).update(
        deaths=F("deaths") + Case(When(state=State.RUNNING, then=Value(1)), default=Value(0)),
        state=State.RUNNING,
        attempt=F("attempt") + 1,
        holder=holder,
        lease_until=now() + timedelta(seconds=settings.IMS_JOB_LEASE_S),
        started_at=now(),
    )
    return (
        Job.objects.select_related("project__account", "project__region", "user").get(pk=job_id)
        if taken
        else None
    )


def release(run: Run) -> None:
    """Give a job back that is ours, for the next worker to go on with."""
    if run._ours().update(state=State.QUEUED, lease_until=None, woken_at=now() - timedelta(days=1)):
        logger.warning("job %s goes back to the queue", run.job.pk)


def _to_the_end(run: Run) -> None:
    job = run.job
    if job.deaths >= MAX_DEATHS and not job.outcome:
        _mark_failed(run, ImsError("worker-killed", times=job.deaths))
    if not job.outcome:
        try:
            _forward(run)
        except Cancelled as error:
            _mark_failed(run, error, State.CANCELLED)
        except ImsError as error:
            _mark_failed(run, error)
        except Exception as error:
            reference = secrets.token_hex(4)
            logger.exception("reference %s: job %s failed", reference, job, exc_info=error)
            _mark_failed(run, ImsError("unexpected", reference=reference))
    if job.outcome:
        _backward(run)
    _end(run, job.outcome or State.DONE)


def _forward(run: Run) -> None:
    """Do every step that has not finished yet."""
    for step in run.job.job_kind.steps:
        if step in run.job.results:
            continue
        run.write(step=step, bytes_done=0, bytes_total=0, step_started_at=now())
        run.hold()
        result = run.job.job_kind.do(step, run)
        run.write(results={**run.job.results, step: result})


def _mark_failed(run: Run, error: ImsError, outcome: State = State.FAILED) -> None:
    run.start_undoing()
    logger.info("job %s: %s", run.job, error)
    run.write(outcome=outcome, error_code=error.code, error_values=error.values, bytes_total=0)


def _backward(run: Run) -> None:
    """Undo from the step that stopped back to the first, striking each that had something to undo."""
    run.start_undoing()
    kind, steps = run.job.job_kind, list(run.job.job_kind.steps)
    stopped = steps.index(run.job.step) if run.job.step in steps else -1
    for step in reversed(steps[: stopped + 1]):
        if kind.undo(step, run):
            run.write(results={name: value for name, value in run.job.results.items() if name != step})


def _end(run: Run, state: str) -> None:
    with transaction.atomic(), run.fenced():
        run.job.job_kind.settle(run.job, state)
        run.job.reservations.all().delete()
        run.write(state=state, finished_at=now(), lease_until=None, holder="")
