"""The clock of the host jumps by a year: what was noted before stands in the wrong time, and work goes on all the same.

The database is moved, both ways, as if all in it had been written while the clock stood wrong.
"""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.conf import settings
from django.core import mail
from django.db.models import DateTimeField, F
from django_tasks_db.models import DBTaskResult

from images.models import Image
from images.verify.clock import due_bytes
from imsconsole.cloud.buckets.arrivals import Arrival
from imsconsole.cloud.buckets.sending import LONGEST, object_of, token_of
from imsconsole.cloud.buckets.sweep import SILENT_FOR, sweep_objects
from imsconsole.cloud.models import BucketObject, Key, ScreenToken
from imsconsole.cloud.schedules.running import run_schedules
from imsconsole.cloud.screens.channels import Channel
from imsconsole.cloud.screens.tokens import new_token, take_token
from imsconsole.cloud.servers.boot_check import AWAITED, SILENT, heard_of, kept_mark, watched_from
from imsconsole.core import now as clock
from imsconsole.core.errors import NotFound
from imsconsole.core.now import APART, now
from imsconsole.engine.types import ConsoleMark, Power, ServerState
from imsconsole.jobs import periodic
from imsconsole.jobs.clock import take_up_orphans
from imsconsole.jobs.models import ClockEntry, Job
from imsconsole.jobs.periodic import is_worker_alive, tick
from imsconsole.jobs.runner import claim, run_job
from imsconsole.notifications.clock import mail_due_messages
from imsconsole.notifications.models import Message
from imsconsole.notifications.send import send
from market.billing.known import RECONCILING, SLOWEST_TRANSACTION, known_until
from tests import factories
from tests.cloud.buckets.making import stored
from tests.jobs.conftest import start  # noqa: F401
from tests.jobs.test_clock import plan, waking  # noqa: F401

pytestmark = pytest.mark.django_db
YEAR = timedelta(days=365)
BOTH_WAYS = pytest.mark.parametrize("by", [YEAR, -YEAR], ids=["ahead", "behind"])


def wrote_while_wrong(by: timedelta) -> None:
    """Move every time in the database but that of tasks which wait for none."""
    for model in apps.get_models():
        fields = (field for field in model._meta.concrete_fields if isinstance(field, DateTimeField))
        times = [field.name for field in fields if field.name != "run_after"]
        if times and model._meta.managed:
            model._base_manager.update(**{name: F(name) + by for name in times})


@BOTH_WAYS
def test_periodic_work_runs_at_once_and_then_at_its_interval(plan, by):  # noqa: F811
    ran = plan("sweep")
    tick()
    wrote_while_wrong(by)

    tick()
    tick()
    assert ran == ["sweep"] * 2
    clock.move(timedelta(minutes=1))
    tick()
    assert ran == ["sweep"] * 3


def test_a_host_whose_clock_is_a_little_ahead_does_not_make_work_run_twice(plan):  # noqa: F811
    ran = plan("sweep")
    clock.move(APART / 2)
    tick()
    clock.reset()
    tick()
    assert ran == ["sweep"]


@BOTH_WAYS
def test_a_job_whose_worker_is_gone_is_taken_up(start, by):  # noqa: F811
    job = start()
    DBTaskResult.objects.update(status="RUNNING")
    assert claim(str(job.pk), "doomed")
    wrote_while_wrong(by)

    take_up_orphans()
    assert waking(job) == 1
    run_job(str(job.pk), "next")
    job.refresh_from_db()
    assert (job.state, job.attempt) == ("done", 2)


@BOTH_WAYS
def test_a_job_whose_wake_up_was_lost_is_woken(start, by):  # noqa: F811
    job = start()
    DBTaskResult.objects.all().delete()
    wrote_while_wrong(by)

    take_up_orphans()
    assert waking(job) == 1


@BOTH_WAYS
def test_a_wake_up_that_lies_ahead_is_ready(start, by):  # noqa: F811
    start()
    wrote_while_wrong(by)
    assert DBTaskResult.objects.ready().count() == 1


@BOTH_WAYS
def test_a_clock_that_was_seen_in_another_time_was_not_seen(plan, by):  # noqa: F811
    plan("sweep")
    tick()
    assert is_worker_alive()
    wrote_while_wrong(by)
    assert not is_worker_alive()


@BOTH_WAYS
def test_a_schedule_is_due_within_a_day(people: SimpleNamespace, by):
    server = factories.ServerFactory(project=people.bob.project, status="stopped", ref="there")
    factories.DiskFactory(server=server, ref="there", image=server.image)
    made = factories.BackupScheduleFactory(project=people.bob.project, servers=[server])
    wrote_while_wrong(by)

    run_schedules()
    clock.move(timedelta(days=1))
    run_schedules()
    assert made.backups.count() == 1


@BOTH_WAYS
def test_a_screen_is_not_opened_with_a_token_of_another_time(people: SimpleNamespace, by):
    server = factories.ServerFactory(project=people.bob.project)
    held = {"channel": Channel.SCREEN, "session_key": "key", "origin": "https://localhost"}
    secret = new_token(server, people.bob.user, **held)
    wrote_while_wrong(by)

    assert not take_token(secret, **held, server_id=server.pk, user=people.bob.user)
    new_token(server, people.bob.user, **held)
    assert ScreenToken.objects.count() == 1


def test_a_link_works_no_longer_than_the_longest_that_is_offered(people: SimpleNamespace):
    shown = stored(factories.BucketFactory(project=people.bob.project), people.bob)
    assert object_of(token_of(shown, now() + LONGEST)) == shown
    with pytest.raises(NotFound):
        object_of(token_of(shown, now() + LONGEST + YEAR))


@BOTH_WAYS
def test_mail_that_was_put_off_is_sent(people: SimpleNamespace, settings, by):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    user = people.alice.user
    user.mails_messages, user.email = True, "alice@example.org"
    user.save()
    send(
        "job-failed",
        to=[user],
        level=Message.Level.ERROR,
        project=people.alice.project,
        values={"job": "x", "name": "y"},
    )
    Message.objects.update(mail_due_at=F("mail_due_at") + by)

    mail_due_messages()
    for result in DBTaskResult.objects.ready():
        result.task.call(*result.args_kwargs["args"])
    assert len(mail.outbox) == 1


@BOTH_WAYS
def test_what_an_object_reserves_that_arrives_no_more_is_freed(people: SimpleNamespace, by):
    bucket = factories.BucketFactory(project=people.bob.project)
    Arrival(bucket, key="disk.raw", size_bytes=100, actor=people.bob)._file.close()  # its process has died
    wrote_while_wrong(by)

    sweep_objects()
    clock.move(SILENT_FOR + timedelta(seconds=1))
    sweep_objects()
    assert not BucketObject.objects.exists()


def test_an_object_that_arrives_while_the_clock_jumps_back_is_not_swept(people: SimpleNamespace):
    arrival = Arrival(
        factories.BucketFactory(project=people.bob.project), key="disk.raw", size_bytes=1, actor=people.bob
    )
    wrote_while_wrong(YEAR)
    sweep_objects()
    arrival.feed(b"x")
    assert arrival.keep().size_bytes == 1


@pytest.mark.parametrize(("by", "heard"), [(YEAR, SILENT), (timedelta(0), AWAITED), (-YEAR, SILENT)])
def test_a_silent_system_is_not_awaited_for_a_year(people: SimpleNamespace, by, heard):
    clock.move(by)
    watched = watched_from(kept_mark(ConsoleMark()))
    clock.reset()
    server = factories.ServerFactory(
        project=people.bob.project,
        status="running",
        status_code=watched["code"],
        status_values=watched["values"],
    )
    assert heard_of(server, ServerState(Power.RUNNING, console=ConsoleMark())) == heard


@BOTH_WAYS
def test_stored_bytes_are_read_again(people: SimpleNamespace, by):
    image = factories.ImageFactory(project=people.bob.project)
    disk = factories.ImageDiskFactory(image=image, size_bytes=1, verified_at=now())
    within = timedelta(days=settings.IMS_VERIFY_DAYS)
    assert due_bytes(image.region, within) == []
    wrote_while_wrong(by)
    assert due_bytes(image.region, within) == [disk.stored]


def test_the_ledger_waits_neither_for_a_job_that_ended_in_a_year_nor_believes_a_look_of_then(
    people: SimpleNamespace,
):
    def looked(started, finished) -> None:
        times = {"due_at": now(), "started_at": now() + started, "finished_at": now() + finished}
        ClockEntry.objects.update_or_create(name=RECONCILING, defaults=times)

    moment = timedelta(0)
    server = factories.ServerFactory(project=people.bob.project)
    Job.objects.create(
        kind="x", subject_id=server.pk, subject_kind="server", state="done", created_at=now() - YEAR, finished_at=now() + YEAR
    )  # fmt: skip
    looked(moment, moment)
    assert now() - known_until() < SLOWEST_TRANSACTION + timedelta(minutes=1)
    for wrong in ((YEAR, YEAR), (moment, YEAR)):
        looked(*wrong)
        assert known_until() is None


def test_nothing_is_destroyed_before_its_day_because_it_lies_too_far_ahead(people: SimpleNamespace):
    """It may be the present clock that is wrong."""
    trashed = factories.ImageFactory(
        project=people.bob.project, status="trashed", kept_until=now() + timedelta(days=7)
    )
    key = factories.KeyFactory(
        project=people.bob.project, state="pending-deletion", delete_at=now() + timedelta(days=7)
    )
    wrote_while_wrong(YEAR)
    for work in periodic.all_periodic():
        if work.name.startswith(("images.", "cloud.", "sharing.")):
            work.function()
    assert Image.objects.get(pk=trashed.pk).status == "trashed"
    assert Key.objects.get(pk=key.pk).state == "pending-deletion"
    assert not Job.objects.exists()
