"""Cancelling: rule, service."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from images.models import Image
from imsconsole.audit.models import Event
from imsconsole.core.rules import Refused
from imsconsole.jobs.models import Job
from imsconsole.jobs.rules import can_cancel
from imsconsole.jobs.runner import claim
from imsconsole.jobs.services import cancel_job
from tests.jobs.kinds import QuickWriteFiles
from tests.support.workers import run_jobs

pytestmark = pytest.mark.django_db
Start = Callable[..., Job]


def test_who_writes_may_cancel(start: Start, people: SimpleNamespace):
    job = start()

    assert can_cancel(job, people.alice)
    assert can_cancel(job, people.bob)
    assert can_cancel(job, people.dave).code == "read-only"
    assert not Job.objects.visible_to(people.carol).exists()


def test_only_live_work_that_is_not_being_undone_can_be_cancelled(start: Start, people: SimpleNamespace):
    job = start()
    run_jobs()
    job.refresh_from_db()
    assert can_cancel(job, people.bob).code == "job-ended"

    job.state, job.outcome = "running", "failed"
    assert can_cancel(job, people.bob).code == "job-undoing"
    job.outcome, job.cancel_requested = "", True
    assert can_cancel(job, people.bob).code == "job-cancelling"
    assert can_cancel(start(QuickWriteFiles), people.bob).code == "job-uncancellable"


def test_a_job_that_never_began_ends_at_once(start: Start, people: SimpleNamespace):
    job = cancel_job(start(reserves={"store_bytes": 1}), actor=people.bob)

    job.refresh_from_db()
    assert (job.state, job.error_code, job.reservations.count()) == ("cancelled", "cancelled", 0)
    assert job.finished_at
    assert Image.objects.get(pk=job.subject_id).status == "killed"
    assert Event.objects.get(action="cancelJob").resource_id == str(job.pk)
    run_jobs()


def test_a_running_job_is_asked_to_stop(start: Start, people: SimpleNamespace):
    job = start()
    claim(str(job.pk), "test")

    cancel_job(job, actor=people.alice)

    job.refresh_from_db()
    assert (job.state, job.cancel_requested) == ("running", True)


def test_a_refused_cancel_changes_nothing(start: Start, people: SimpleNamespace):
    job = start()

    with pytest.raises(Refused):
        cancel_job(job, actor=people.dave)

    job.refresh_from_db()
    assert (job.state, job.cancel_requested) == ("queued", False)
