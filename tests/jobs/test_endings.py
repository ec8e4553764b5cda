"""Who is told how a job ended."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import translation

from imsconsole.accounts.actor import service_actor
from imsconsole.audit.models import Event
from imsconsole.core import now as clock
from imsconsole.core.project_urls import bare
from imsconsole.jobs.models import Job
from imsconsole.jobs.services import cancel_job
from imsconsole.notifications.models import Message
from tests.conftest import client_of
from tests.support.workers import finish

pytestmark = pytest.mark.django_db
Start = Callable[..., Job]


def test_a_failed_job_tells_who_started_it_why(start: Start, people):
    job = finish(start(fails_in="describe", how="no-space"))

    message = Message.objects.get()
    assert (message.user, message.project, message.level) == (people.bob.user, job.project, "error")
    assert bare(message.page) == job.get_absolute_url()
    assert f"“Write files” of {job.subject_name} failed: The disk of the service is full" in message.sentence


def test_an_error_nobody_expected_is_told_with_its_reference(start: Start):
    job = finish(start(fails_in="describe", how="bug"))
    assert job.error_values["reference"] in Message.objects.get().sentence


def test_a_long_job_that_is_done_leads_to_its_subject(start: Start):
    job = start()
    clock.move(timedelta(seconds=31))
    finish(job)

    message = Message.objects.get()
    assert (message.level, message.sentence) == ("success", f"“Write files” of {job.subject_name} is done.")
    assert message.page.endswith(f"/images/{job.subject_id}/")


def test_what_was_done_while_one_looked_on_is_not_told(start: Start):
    assert finish(start()).state == Job.State.DONE
    assert not Message.objects.exists()


def test_a_job_that_was_cancelled_is_not_told(start: Start, people):
    begun, unbegun = start(), start()
    Job.objects.filter(pk=begun.pk).update(cancel_requested=True)
    assert finish(begun).state == cancel_job(unbegun, actor=people.bob).state == Job.State.CANCELLED
    assert not Message.objects.exists()


def test_a_job_of_the_service_itself_tells_nobody(start: Start, people):
    finish(start(actor=service_actor(people.bob.project), fails_in="describe", how="no-space"))
    assert not Message.objects.exists()


def test_each_failure_of_a_retried_job_is_told(start: Start, people):
    job = start(fails_in="describe", how="no-space")
    finish(job)
    Job.objects.filter(pk=job.pk).update(state=Job.State.QUEUED, outcome="", finished_at=None)
    finish(job)
    assert Message.objects.count() == 2


def test_a_failed_job_leaves_its_row_in_the_trail_in_the_words_of_who_reads_it(start: Start, people):
    job = finish(start(fails_in="describe", how="no-space"))

    event = Event.objects.get()
    assert (event.action, event.result, event.code) == ("runJob", "incident", "no-space")
    assert (event.user, event.project, event.page) == (people.bob.user, job.project, job.get_absolute_url())
    assert "disk of the service is full" in event.sentence
    with translation.override("zh-hans"):
        assert "磁盘已满" in event.sentence
    assert "disk of the service is full" in client_of(people.dave).get("/audit/").content.decode()


def test_only_failures_are_added_to_what_the_service_left(start: Start, people):
    finish(start())
    cancel_job(start(), actor=people.bob)
    assert not Event.objects.filter(action="runJob").exists()


def test_a_failed_job_of_the_service_itself_is_in_the_trail(start: Start, people):
    finish(start(actor=service_actor(people.bob.project), fails_in="describe", how="no-space"))
    assert Event.objects.get(action="runJob").user is None
