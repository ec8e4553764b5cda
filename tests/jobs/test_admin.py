"""The operator's pages: to look at, to cancel and retry."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from imsconsole.audit.models import Event
from imsconsole.jobs.models import ClockEntry, Job
from imsconsole.jobs.periodic import tick
from tests.support.workers import finish

pytestmark = pytest.mark.django_db
JOBS = "admin:jobs_job_changelist"


@pytest.fixture
def operators(client: Client, operator) -> Client:
    client.force_login(operator)
    return client


def choose(operators: Client, action: str, *jobs: Job, confirmed: bool = True) -> str:
    data = {"action": action, "_selected_action": [str(job.pk) for job in jobs]}
    if confirmed:
        data["confirmed"] = "yes"
    return operators.post(reverse(JOBS), data, follow=True).content.decode()


def test_jobs_and_the_clock_are_shown_and_cannot_be_changed(operators: Client, start: Callable[..., Job]):
    job = start()
    tick()
    entry = ClockEntry.objects.get(name="jobs.take_up_orphans")

    assert str(job) in operators.get(reverse(JOBS)).content.decode()
    assert entry.name in operators.get(reverse("admin:jobs_clockentry_changelist")).content.decode()
    for model, row in (("job", job), ("clockentry", entry)):
        shown = operators.get(reverse(f"admin:jobs_{model}_change", args=[row.pk]))
        assert shown.status_code == 200
        assert 'name="_save"' not in shown.content.decode()
        assert operators.get(reverse(f"admin:jobs_{model}_add")).status_code == 403


def test_the_operator_cancels_and_retries_through_the_services(operators: Client, start: Callable[..., Job]):
    waiting, failed = start(), finish(start(fails_in="describe", how="no-space"))

    choose(operators, "cancel", waiting)
    choose(operators, "retry", failed)

    assert Job.objects.get(pk=waiting.pk).state == "cancelled"
    assert Job.objects.get(pk=failed.pk).state == "queued"
    trail = Event.objects.filter(action__in=["cancelJob", "retryJob"]).order_by("pk")
    assert [(event.action, event.user_name) for event in trail] == [
        ("cancelJob", "admin"),
        ("retryJob", "admin"),
    ]


def test_what_a_rule_refuses_is_refused_to_the_operator_too(operators: Client, start: Callable[..., Job]):
    done, failed = finish(start()), finish(start(fails_in="describe", how="no-space"))

    assert "Only failed jobs can be retried." in choose(operators, "retry", done, failed)
    assert Job.objects.get(pk=failed.pk).state == "queued"
    refused = Event.objects.get(action="retry", result="warning")
    assert (refused.resource_id, refused.user_name) == (str(done.pk), "admin")
    assert refused.sentence.startswith("Only failed jobs can be retried.")
