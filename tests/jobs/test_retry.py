"""Retrying: rule, service."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from images.models import Image
from imsconsole.audit.models import Event
from imsconsole.core.rules import Refused
from imsconsole.jobs.models import Job
from imsconsole.jobs.rules import can_retry
from imsconsole.jobs.services import retry_job
from imsconsole.jobs.start import start_job
from tests.jobs.kinds import WriteFiles
from tests.support.workers import run_jobs

pytestmark = pytest.mark.django_db
Start = Callable[..., Job]


@pytest.fixture
def failed(start: Start) -> Job:
    job = start(fails_in="describe", how="no-space")
    run_jobs()
    job.refresh_from_db()
    return job


def test_who_writes_may_retry(failed: Job, people: SimpleNamespace):
    assert can_retry(failed, people.alice)
    assert can_retry(failed, people.bob)
    assert can_retry(failed, people.dave).code == "read-only"
    assert not Job.objects.visible_to(people.carol).exists()


def test_only_the_newest_failed_work_can_be_retried(failed: Job, start: Start, people: SimpleNamespace):
    assert can_retry(start(), people.bob).code == "job-not-failed"

    start_job(WriteFiles, Image.objects.get(pk=failed.subject_id), actor=people.bob)

    assert can_retry(failed, people.bob).code == "job-superseded"


def test_work_whose_quota_is_used_up_since_is_not_retried(failed: Job, people: SimpleNamespace):
    people.bob.project.quotas = {"store_bytes": 1}
    people.bob.project.save(update_fields=["quotas"])
    for bytes_, code in ((1, ""), (2, "quota-store-bytes")):
        failed.reserves = {"store_bytes": bytes_}
        assert can_retry(failed, people.bob).code == code


def test_a_retry_puts_job_and_subject_back_to_work(failed: Job, people: SimpleNamespace):
    ended_at = failed.finished_at.isoformat()
    Job.objects.filter(pk=failed.pk).update(deaths=1, put_offs=1)
    job = retry_job(failed, actor=people.bob)

    assert [(error["at"], error["code"]) for error in job.past_errors] == [(ended_at, "no-space")]
    assert (job.state, job.error_code, job.outcome, job.deaths, job.put_offs) == ("queued", "", "", 0, 0)
    assert (job.bytes_done, job.bytes_total, job.started_at, job.finished_at) == (0, 0, None, None)
    assert Image.objects.get(pk=job.subject_id).status == "saving"
    assert Event.objects.get(action="retryJob").resource_id == str(job.pk)


def test_a_refused_retry_changes_nothing(failed: Job, people: SimpleNamespace):
    with pytest.raises(Refused):
        retry_job(failed, actor=people.dave)

    failed.refresh_from_db()
    assert (failed.state, failed.error_code, failed.past_errors) == ("failed", "no-space", [])
