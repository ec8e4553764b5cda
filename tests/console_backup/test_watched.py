"""Age and result of the last backup, wherever somebody looks; and when the clock makes the next."""

from datetime import timedelta

import pytest
from django.test import Client

from imsconsole.console_backup.begin import begin_due_backup
from imsconsole.console_backup.last import last_backup
from imsconsole.core import now as clock
from imsconsole.core.errors import Conflict
from imsconsole.jobs.models import ClockEntry, Job
from tests.console_backup.jobs_made import ended
from tests.operator.test_start_page import admin, beat, concerns  # noqa: F401
from tests.watch.numbers import TOKEN, told, value

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("people")]


@pytest.fixture(autouse=True)
def _token(settings) -> None:
    settings.IMS_METRICS_TOKEN = TOKEN


def health() -> object:
    return Client().get("/healthz").json()["backup"]


def test_before_the_first_backup_there_is_no_age(settings) -> None:
    assert health() == {"age_seconds": None, "failed": False, "late": False}
    assert [each.name for each in told() if each.name.startswith("ims_backup")] == [
        "ims_backup_failed", "ims_backup_warnings", "ims_backup_late",
    ]  # fmt: skip
    settings.IMS_BACKUP_TO = "/backups"
    assert health() == {"age_seconds": None, "failed": False, "late": True}


def test_the_age_is_that_of_the_last_good_one(settings) -> None:
    settings.IMS_BACKUP_TO = "/backups"
    ended(50)
    ended(25, warnings=[{"code": "x", "values": {}}])
    assert value("ims_backup_age_seconds") == pytest.approx(25 * 3600, abs=60)
    assert (value("ims_backup_failed"), value("ims_backup_late"), value("ims_backup_warnings")) == (0, 0, 1)
    assert not last_backup().is_late


def test_one_that_failed_since_is_said_and_one_that_failed_before_is_not() -> None:
    ended(3, "failed")
    ended(2)
    assert health()["failed"] is False
    ended(1, "failed")
    assert health()["failed"] is True
    assert value("ims_backup_failed") == 1


def test_the_operator_sees_a_failure_with_its_reason_and_its_job(admin) -> None:  # noqa: F811
    beat()
    ended(30)
    assert concerns(admin) == []
    failed = ended(1, "failed")
    concern = admin.get("/admin/").context["attention"].concerns[0]
    assert concern.sentence.startswith(
        "The last backup of the console failed: There is no room left in /backups"
    )
    assert str(failed.pk) in concern.url
    assert admin.get(concern.url).status_code == 200


def test_the_operator_sees_that_it_is_late_or_was_never_made_or_lacks_something(admin, settings) -> None:  # noqa: F811
    beat()
    settings.IMS_DEMO = False
    assert concerns(admin) == [
        "There is no backup of this console. Name a place in IMS_BACKUP_TO, or run manage.py backup."
    ]
    settings.IMS_BACKUP_TO = "/backups"
    ended(27, warnings=[{"code": "console-backup-file-damaged", "values": {"name": "x/y"}}] * 2)
    late, lacks = concerns(admin)
    assert late.startswith("The last backup of the console is of ")
    assert lacks.startswith("2 things are missing")
    assert lacks.endswith("x/y is not what it was when it was stored; it is not in the backup.")
    page = admin.get("/admin/").content.decode()
    assert "The last one: <time" in page


def test_the_clock_makes_one_a_day_from_its_hour_on(settings, tmp_path) -> None:
    begin_due_backup()
    assert not Job.objects.exists()
    settings.IMS_BACKUP_TO, settings.IMS_BACKUP_HOUR = str(tmp_path), clock.now().astimezone().hour
    begin_due_backup()
    job = Job.objects.get()
    assert job.args == {"to": str(tmp_path), "keep": 14}
    begin_due_backup()
    assert Job.objects.count() == 1
    Job.objects.update(created_at=clock.now() - timedelta(hours=25))
    with pytest.raises(Conflict):  # that one is still at it
        begin_due_backup()
    Job.objects.update(state="done", finished_at=clock.now())
    begin_due_backup()
    assert Job.objects.count() == 2
    Job.objects.update(state="done", finished_at=clock.now(), created_at=clock.now() + timedelta(days=9))
    begin_due_backup()  # the clock stood wrong
    assert Job.objects.count() == 3
    assert not ClockEntry.objects.exists()
