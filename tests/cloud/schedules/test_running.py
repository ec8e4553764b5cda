"""Schedules by the clock: what is begun, kept and told."""

from datetime import timedelta

import pytest

from imsconsole.audit.models import Event
from imsconsole.cloud.backups.services import delete_backup
from imsconsole.cloud.models import Backup, BackupSchedule, Server, Vault
from imsconsole.cloud.schedules.running import PATIENCE, begin_next, begin_run, run_schedules, see_endings
from imsconsole.cloud.schedules.services import pause_schedule, resume_schedule, run_schedule
from imsconsole.core import now as clock
from imsconsole.core.errors import NotFound
from imsconsole.core.now import now
from imsconsole.jobs.models import Job
from imsconsole.notifications.models import Message
from tests.cloud.schedules.conftest import a_night, a_server, due_schedule, end, made_by
from tests.factories import BackupFactory, ImageFactory, StoredBytesFactory
from tests.support.at_once import at_once

pytestmark = pytest.mark.django_db


def told(people, code: str) -> int:
    return Message.objects.filter(user=people.bob.user, code=code).count()


# begin ------------------------------------------------------------------------------------------------


def test_a_due_schedule_backs_up_its_servers_one_after_the_other(people, vault):
    servers = [a_server(people.bob, name=name) for name in ("a", "b")]
    schedule = due_schedule(people.bob, vault, *servers, name="nightly")
    run_schedules()
    run_schedules()
    (first,) = made_by(schedule)
    assert (first.server_id, first.vault, first.status) == (servers[0].pk, vault, "creating")
    assert first.name.startswith("nightly-")
    assert Job.objects.get(subject_id=first.pk).kind == "backup.create"
    assert Server.objects.get(pk=servers[1].pk).task == "", (
        "the next is not kept from people until it is its turn"
    )
    end(first)
    run_schedules()
    assert [backup.server_id for backup in made_by(schedule)] == [server.pk for server in servers]
    assert Event.objects.filter(action="createBackup", user=None, resource_id=str(first.pk)).exists()


def test_what_is_not_due_or_paused_is_not_begun(people, vault):
    schedule = due_schedule(people.bob, vault, a_server(people.bob))
    BackupSchedule.objects.update(next_at=now() + timedelta(minutes=1))
    run_schedules()
    BackupSchedule.objects.update(next_at=now())
    pause_schedule(schedule, actor=people.bob)
    run_schedules()
    assert made_by(schedule) == []


def test_times_that_passed_while_no_clock_ran_are_made_up_for_once(people, vault):
    schedule = due_schedule(people.bob, vault, a_server(people.bob))
    clock.move(timedelta(days=5))
    a_night(schedule)
    run_schedules()
    assert len(made_by(schedule)) == 1
    schedule.refresh_from_db()
    assert now() < schedule.next_at <= now() + timedelta(days=1)


def test_a_server_that_is_busy_is_backed_up_when_it_is_not(people, vault):
    server = a_server(people.bob, status="starting")
    schedule = due_schedule(people.bob, vault, server)
    run_schedules()
    assert (made_by(schedule), told(people, "schedule-failed")) == ([], 0)
    Server.objects.update(status="running")
    run_schedules()
    assert len(made_by(schedule)) == 1


@pytest.mark.parametrize("hours", [0, 1, 12], ids="{}h to its time".format)
def test_people_are_told_once_when_a_server_stays_busy(people, vault, hours):
    busy = a_server(people.bob, status="starting", name="web-7")
    schedule = due_schedule(people.bob, vault, busy, hour=(now().hour + 1 + hours) % 24, time_zone="UTC")
    run_schedules()
    clock.move(PATIENCE)
    for _ in range(3):
        run_schedules()
    schedule.refresh_from_db()
    assert (schedule.state, told(people, "schedule-failed")) == ("failing", 1)
    message = Message.objects.filter(code="schedule-failed", user=people.bob.user).get()
    assert "web-7" in message.sentence


def test_a_server_that_stays_busy_for_days_is_due_since_the_first(people, vault):
    schedule = due_schedule(people.bob, vault, server := a_server(people.bob, status="starting"))
    run_schedules()
    (since,) = schedule.members.values_list("due_at", flat=True)
    for _ in range(3):
        a_night(schedule)
    assert list(schedule.members.values_list("due_at", flat=True)) == [since]
    assert told(people, "schedule-failed") == 1
    Server.objects.filter(pk=server.pk).update(status="running")
    run_schedules()
    assert len(made_by(schedule)) == 1
    end(made_by(schedule)[0])
    a_night(schedule)
    schedule.refresh_from_db()
    assert (schedule.state, told(people, "schedule-works"), len(made_by(schedule))) == ("on", 1, 2)


def test_a_server_that_a_clock_ahead_made_due_is_due_since_now(people, vault):
    schedule = due_schedule(people.bob, vault, a_server(people.bob, status="starting"))
    schedule.members.update(due_at=now() + timedelta(days=30))
    run_schedules()
    (since,) = schedule.members.values_list("due_at", flat=True)
    assert since <= now()
    assert told(people, "schedule-failed") == 0


def test_one_that_was_resumed_while_the_clock_was_ahead_is_planned_again(people, vault):
    schedule = due_schedule(people.bob, vault, a_server(people.bob), state="off")
    clock.move(timedelta(days=365))
    resume_schedule(schedule, actor=people.bob)
    clock.move(timedelta(days=-365))
    run_schedules()
    schedule.refresh_from_db()
    assert schedule.next_at - now() <= timedelta(days=1)


def test_a_server_that_cannot_be_read_keeps_no_other_from_its_backup(people, vault):
    odd, other = a_server(people.bob, name="a"), a_server(people.bob, name="b")
    odd.disks.update(ref="")
    schedule = due_schedule(people.bob, vault, odd, other)
    run_schedules()
    assert [backup.server_id for backup in made_by(schedule)] == [other.pk]
    clock.move(PATIENCE)
    end(made_by(schedule)[0])
    run_schedules()
    schedule.refresh_from_db()
    assert (schedule.state, told(people, "schedule-failed")) == ("failing", 1)


def test_two_clocks_at_once_begin_one_run(people, vault):
    schedule = due_schedule(people.bob, vault, a_server(people.bob))
    begin_run(schedule.pk)
    with pytest.raises(NotFound):
        begin_run(schedule.pk)
    begin_next(schedule.pk)
    begin_next(schedule.pk)
    assert len(made_by(schedule)) == 1


def test_servers_that_are_deleted_fall_out(people, vault):
    server, other = a_server(people.bob, name="a"), a_server(people.bob, name="b")
    schedule = due_schedule(people.bob, vault, server, other)
    Server.objects.filter(pk=server.pk).update(deleted_at=now(), status="deleted")
    run_schedules()
    assert [member.server for member in schedule.members.all()] == [other]
    assert [backup.server_id for backup in made_by(schedule)] == [other.pk]


# keep -------------------------------------------------------------------------------------------------


@pytest.mark.slow(reason="four nights of backups")
def test_the_last_so_many_of_each_server_are_kept(people, vault):
    servers = [a_server(people.bob, name=name) for name in ("a", "b")]
    schedule = due_schedule(people.bob, vault, *servers, keep=2)
    by_hand = BackupFactory(project=people.bob.project, vault=vault, server_id=servers[0].pk)
    for _ in range(4):
        a_night(schedule)
    states = [backup.status for backup in made_by(schedule) if backup.server_id == servers[0].pk]
    assert states == ["deleting", "deleting", "available", "available"]
    assert len(made_by(schedule)) == 8
    by_hand.refresh_from_db()
    assert by_hand.status == "available"


def test_nothing_is_deleted_when_the_new_one_is_not_made(people, vault):
    schedule = due_schedule(people.bob, vault, a_server(people.bob), keep=1)
    a_night(schedule)
    for _ in range(3):
        a_night(schedule, "failed", error_code="no-space")
    assert [backup.status for backup in made_by(schedule)] == ["available", "failed", "failed", "failed"]
    a_night(schedule)
    assert [backup.status for backup in made_by(schedule)] == ["deleting"] * 4 + ["available"]


@pytest.mark.parametrize("use", ["image", "restore", "new server"])
def test_what_is_in_use_stays(people, vault, use):
    server = a_server(people.bob)
    schedule = due_schedule(people.bob, vault, server, keep=1)
    a_night(schedule)
    (first,) = made_by(schedule)
    if use == "image":
        ImageFactory(project=people.bob.project, type="full", backup=first, status="queued")
    elif use == "restore":
        Backup.objects.filter(pk=first.pk).update(status="restoring")
    else:
        a_server(people.bob, restored_from=first, status="creating")
    a_night(schedule)
    first.refresh_from_db()
    assert first.status in ("available", "restoring")
    assert len(made_by(schedule)) == 2


def test_a_damaged_one_is_no_good_one(people, vault):
    schedule = due_schedule(people.bob, vault, a_server(people.bob), keep=1)
    a_night(schedule)
    (first,) = made_by(schedule)
    clock.move(timedelta(days=1))
    run_schedules()
    new = made_by(schedule)[-1]
    new.disks.update(stored=StoredBytesFactory(damaged_at=now()))
    end(new)
    run_schedules()
    first.refresh_from_db()
    assert first.status == "available"


def test_what_a_clock_ahead_has_made_does_not_outlive_what_is_new(people, vault):
    schedule = due_schedule(people.bob, vault, a_server(people.bob), keep=2)
    a_night(schedule)
    of_wrong_time = made_by(schedule)[0]
    Backup.objects.update(created_at=now() + timedelta(days=365))
    a_night(schedule)
    a_night(schedule)
    assert [backup.pk for backup in made_by(schedule) if backup.status == "deleting"] == [of_wrong_time.pk]


@pytest.mark.django_db(transaction=True)
def test_whoever_deletes_the_newest_meanwhile_leaves_a_good_one(people, vault):
    schedule = due_schedule(people.bob, vault, server := a_server(people.bob), keep=1)
    old, new = (
        BackupFactory(project=people.bob.project, vault=vault, server_id=server.pk, schedule=schedule)
        for _ in range(2)
    )
    schedule.members.update(backup=new)
    at_once(lambda: see_endings(schedule.pk), lambda: delete_backup(new, actor=people.bob))
    old.refresh_from_db()
    new.refresh_from_db()
    deleted_first = Job.objects.filter(kind="backup.delete").order_by("created_at").first()
    assert deleted_first.subject_id == old.pk or old.status == "available"


# tell -------------------------------------------------------------------------------------------------


def test_no_room_in_the_vault_is_told_once_and_ends_by_itself(people, vault):
    Vault.objects.update(capacity_gb=3)
    schedule = due_schedule(people.bob, vault, a_server(people.bob))
    for _ in range(3):
        run_schedules()
    schedule.refresh_from_db()
    assert (schedule.state, schedule.reason_code) == ("waiting", "vault-full")
    assert "daily" in schedule.reason
    a_night(schedule)
    assert (made_by(schedule), told(people, "schedule-waits")) == ([], 1)
    Vault.objects.update(capacity_gb=100)
    run_schedules()
    end(made_by(schedule)[0])
    run_schedules()
    schedule.refresh_from_db()
    assert (schedule.state, schedule.reason) == ("on", "")
    assert len(made_by(schedule)) == 1, "once, however many times passed"
    assert (told(people, "schedule-waits"), told(people, "schedule-works")) == (1, 1)


def test_no_quota_of_stored_bytes_is_no_room_either(people, vault):
    people.bob.project.quotas = {"store_bytes": 1}
    people.bob.project.save()
    schedule = due_schedule(people.bob, vault, a_server(people.bob))
    run_schedules()
    schedule.refresh_from_db()
    assert (schedule.state, schedule.reason_code) == ("waiting", "quota-store-bytes")


@pytest.mark.slow(reason="five nights of backups")
def test_failures_are_told_once_and_that_it_works_again(people, vault):
    schedule = due_schedule(people.bob, vault, a_server(people.bob, name="a"), a_server(people.bob, name="b"))
    for _ in range(3):
        a_night(schedule, "failed", error_code="no-space")
    assert told(people, "schedule-failed") == 1
    message = Message.objects.filter(code="schedule-failed", user=people.bob.user).get()
    assert "a, b" in message.sentence
    assert "disk of the service is full" in message.sentence
    a_night(schedule)
    schedule.refresh_from_db()
    assert (schedule.state, told(people, "schedule-works")) == ("on", 1)
    assert Message.objects.filter(user=people.dave.user).count() == 0, "who only reads is no owner"
    a_night(schedule)
    assert told(people, "schedule-works") == 1


def test_a_job_that_is_tried_again_puts_it_right(people, vault):
    schedule = due_schedule(people.bob, vault, a_server(people.bob))
    a_night(schedule, "failed", error_code="no-space")
    end(made_by(schedule)[0])
    run_schedules()
    assert told(people, "schedule-works") == 1


# killed -----------------------------------------------------------------------------------------------


class Killed(BaseException):
    """As SIGKILL: nothing of the transaction it hits is there."""


STEPS = ["begin_run", "see_endings", "begin_next", "tell", "create_backup", "prune", "delete_backup", "send"]
PLACES = {"delete_backup": "pruning", "send": "telling"}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_clock_that_is_killed_is_gone_on_with_by_the_next(people, vault, monkeypatch, step, when):
    schedule = due_schedule(people.bob, vault, a_server(people.bob), keep=1)
    a_night(schedule)
    a_night(schedule, "failed", error_code="no-space")
    place = f"imsconsole.cloud.schedules.{PLACES.get(step, 'running')}.{step}"
    module, _, name = place.rpartition(".")
    real = getattr(__import__(module, fromlist=[name]), name)
    deaths = []

    def dies(*args, **kwargs):
        if not deaths:
            deaths.append(step)
            if when == "after":
                real(*args, **kwargs)
            raise Killed
        return real(*args, **kwargs)

    clock.move(timedelta(days=1))
    monkeypatch.setattr(place, dies)
    for _ in range(4):
        try:
            run_schedules()
        except Killed:
            continue
        for backup in Backup.objects.filter(schedule=schedule, status="creating"):
            end(backup)
    assert deaths == [step]
    assert [backup.status for backup in made_by(schedule)] == ["deleting", "deleting", "available"]
    assert (told(people, "schedule-failed"), told(people, "schedule-works")) == (1, 1)
    schedule.refresh_from_db()
    assert schedule.state == "on"


def test_run_now_is_besides_its_times(people, vault):
    schedule = due_schedule(people.bob, vault, a_server(people.bob))
    a_night(schedule)
    schedule.refresh_from_db()
    planned = schedule.next_at
    run_schedule(schedule, actor=people.bob)
    run_schedules()
    schedule.refresh_from_db()
    assert (len(made_by(schedule)), schedule.next_at) == (2, planned)


@pytest.mark.django_db(transaction=True)
def test_two_clocks_at_the_same_moment_do_what_one_does(people, vault):
    schedule = due_schedule(people.bob, vault, a_server(people.bob), keep=1)
    for _ in range(2):
        clock.move(timedelta(days=1))
        at_once(run_schedules, run_schedules)
        end(Backup.objects.get(status="creating"))
        at_once(run_schedules, run_schedules)
    assert [backup.status for backup in made_by(schedule)] == ["deleting", "available"]
    assert Job.objects.filter(kind="backup.delete").count() == 1
