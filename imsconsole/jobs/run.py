"""`Run`: one attempt at a job, and the fence that keeps a worker which woke up late from writing."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from django.conf import settings
from django.db import Error, close_old_connections, connection, transaction

from imsconsole.core.contention import contention_said
from imsconsole.core.errors import ImsError
from imsconsole.core.now import now
from imsconsole.jobs.models import Job, JobQuerySet

logger = logging.getLogger(__name__)


class LeaseLost(BaseException):
    """Another worker has taken the job up. Not an Exception: no step may swallow it."""


class Cancelled(ImsError):
    """Somebody asked to cancel the job."""

    default_code = "cancelled"


class Run:
    """One attempt at a job, as its steps see it. It is the `Work` the engine's verbs take."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.attempt = job.attempt
        self._lost = threading.Event()
        self._cancelled = threading.Event()
        self._written_at = 0.0

    # what steps use ---------------------------------------------------------
    @property
    def args(self) -> dict[str, Any]:
        return self.job.args

    @property
    def prefix(self) -> str:
        """How every token of this job begins, whatever the attempt."""
        return f"{self.job.pk.hex}-"

    @property
    def token(self) -> str:
        """In every temporary name: the job, the attempt, the step. Letters, digits and '-'."""
        return f"{self.prefix}{self.attempt}-{self.job.step.replace('_', '-')}"

    def result(self, step: str) -> dict[str, Any]:
        """What a finished step returned; empty when it has not finished."""
        result: dict[str, Any] = self.job.results.get(step, {})
        return result

    def report(self, done: int, total: int) -> None:
        """Tell progress in bytes, or with none done that it is alive; written at most once a second. Raises when cancelled or lost."""
        self._check_events()
        total = total if done else 0
        ends = 0 < total <= done and (self.job.bytes_done, self.job.bytes_total) != (done, total)
        self.job.bytes_done, self.job.bytes_total = done, total
        if ends or time.monotonic() - self._written_at >= 1:
            self._written_at = time.monotonic()
            self.write(bytes_done=done, bytes_total=total, heard_at=now())
            self.hold()

    def hold(self) -> None:
        """Raise unless the job is still ours and not cancelled; asks the database."""
        asked_to_cancel = self.ours().values_list("cancel_requested", flat=True).first()
        if asked_to_cancel is None:
            self._lost.set()
        elif asked_to_cancel:
            self._cancelled.set()
        self._check_events()

    @contextmanager
    def fenced(self) -> Iterator[None]:
        """A transaction that holds the job's row: what is written in it is written only if it is ours."""
        with transaction.atomic():
            if not self.ours().select_for_update().exists():
                raise LeaseLost
            yield

    # what the runner uses ---------------------------------------------------
    def ours(self) -> JobQuerySet:
        """The job's row as long as this attempt holds it, else nothing."""
        return Job.objects.filter(pk=self.job.pk, attempt=self.attempt, state=Job.State.RUNNING)

    def write(self, **fields: Any) -> None:
        """Change the job's row if it is still ours, else raise LeaseLost. Raises Contended when the database is busy."""
        with contention_said():
            is_ours = self.ours().update(**fields)
        if not is_ours:
            raise LeaseLost
        for name, value in fields.items():
            setattr(self.job, name, value)

    def renew(self) -> None:
        """Renew the lease and learn whether to cancel; called by the heartbeat."""
        until = now() + timedelta(seconds=settings.IMS_JOB_LEASE_S)
        if not self.ours().update(lease_until=until):
            self._lost.set()
        elif self.ours().filter(cancel_requested=True).exists():
            self._cancelled.set()

    def _check_events(self) -> None:
        if self._lost.is_set():
            raise LeaseLost
        if self._cancelled.is_set() and not self.job.outcome:  # undoing cannot be cancelled
            raise Cancelled


class Heartbeat(threading.Thread):
    """Renews a run's lease every third of it, whatever the step does."""

    def __init__(self, run: Run) -> None:
        super().__init__(name=f"heartbeat-{run.job.pk}", daemon=True)
        self._work = run
        self._ended = threading.Event()
        self._context = copy_context()  # what its lines in the log are about

    def run(self) -> None:
        self._context.run(self._beat_on)

    def _beat_on(self) -> None:
        try:
            while not self._ended.wait(settings.IMS_JOB_LEASE_S / 3):
                self._beat()
        finally:
            connection.close()

    def _beat(self) -> None:
        """One renewal. A database that is busy or gone is asked again at the next beat."""
        try:
            close_old_connections()
            self._work.renew()
        except Error:
            logger.warning("%s: its lease could not be renewed", self._work.job.log_name, exc_info=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._ended.set()
        self.join()
