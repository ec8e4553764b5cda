"""What `/metrics` asks the database, and that it asks as much however much there is."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from imsconsole.cloud.models import RegionReport, StoredBytes
from imsconsole.core import now as clock
from imsconsole.core.kept import forget_kept
from imsconsole.core.now import now
from imsconsole.jobs.hosts import note_host
from imsconsole.jobs.models import ClockEntry, Job, Reservation
from tests import factories
from tests.support.plans import scans
from tests.watch.numbers import told, value

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
OF_ROWS = {"ims_jobs_lapsed", "ims_guests"}  # what the database is asked for


def about(seconds: float) -> Any:
    """However slow the host is."""
    return pytest.approx(seconds, abs=900)


def a_job(people: SimpleNamespace, **fields: Any) -> Job:
    made = {
        "kind": "image.import", "path": "images.create.jobs.ImportImage", "queue": "bulk", "project": people.bob.project,
        "subject_kind": "image", "subject_id": factories.ImageFactory(project=people.bob.project).pk, "subject_name": "x",
    }  # fmt: skip
    return Job.objects.create(**made | fields)


def test_jobs_that_live_are_told_by_kind_and_state_with_the_age_of_the_oldest(people) -> None:
    for age in (7000, 4000):
        a_job(people, created_at=now() - age * SECOND)
    a_job(people, state="running", created_at=now() - 90000 * SECOND, started_at=now() - 9000 * SECOND)
    a_job(people, kind="server.start", queue="quick", state="done", finished_at=now())
    numbers = told()
    waiting = {"kind": "image.import", "state": "queued", "queue": "bulk"}
    assert value("ims_jobs", numbers, **waiting) == 2
    assert value("ims_jobs_oldest_seconds", numbers, **waiting) == about(7000)
    assert value("ims_jobs", numbers, kind="image.import", state="running") == 1
    assert value("ims_jobs_oldest_seconds", numbers, state="running") == about(9000)
    living = [each for each in numbers if each.name in ("ims_jobs", "ims_jobs_oldest_seconds")]
    assert {each.labels["kind"] for each in living} == {"image.import"}


def test_jobs_without_a_worker_and_those_that_failed_for_good_are_counted(people, settings) -> None:
    settings.IMS_JOB_LEASE_S = 600
    assert (value("ims_jobs_lapsed"), value("ims_jobs_unsettled")) == (0, 0)
    a_job(people, state="running", lease_until=now() - SECOND)
    a_job(people, state="running", lease_until=now() + 500 * SECOND)
    a_job(people, state="failed", finished_at=now())
    forget_kept()
    assert (value("ims_jobs_lapsed"), value("ims_jobs_unsettled")) == (1, 1)


def test_jobs_that_wait_for_a_silent_region_are_counted(people) -> None:
    a_job(people)
    assert value("ims_jobs_put_off") == 0
    RegionReport.objects.update(error_code="unavailable")
    assert value("ims_jobs_put_off") == 1


def test_the_clock_tells_what_is_late_and_what_failed(people) -> None:
    assert value("ims_workers_alive") == 0
    ClockEntry.objects.create(name="a.work", due_at=now() + 9000 * SECOND, started_at=now())
    ClockEntry.objects.create(name="b.work@one", due_at=now() - 500 * SECOND)
    ClockEntry.objects.create(name="b.work@two", due_at=now() - 5000 * SECOND, error="no space")
    note_host()
    numbers = told()
    assert (value("ims_workers_alive", numbers), value("ims_hosts", numbers)) == (1, 1)
    assert value("ims_clock_late_seconds", numbers, work="a.work") == 0
    assert value("ims_clock_late_seconds", numbers, work="b.work") == about(5000)
    assert value("ims_clock_failed", numbers, work="b.work") == 1
    assert value("ims_clock_failed", numbers, work="a.work") == 0


def test_regions_tell_whether_they_answer_and_what_room_they_have(people) -> None:
    code = people.bob.project.region_id
    RegionReport.objects.filter(pk=code).update(free_bytes=5, total_bytes=8, answered_at=now() - SECOND)
    numbers = told()
    assert value("ims_region_up", numbers, region=code) == 1
    assert value("ims_store_free_bytes", numbers, region=code) == 5
    assert value("ims_store_size_bytes", numbers, region=code) == 8
    clock.move(timedelta(hours=4))
    numbers = told()
    assert value("ims_region_up", numbers, region=code) == 0
    assert value("ims_region_silent_seconds", numbers, region=code) == about(4 * 3600)
    assert value("ims_store_free_bytes", numbers, region=code) == 5
    factories.RegionFactory(code="cn-east-3")
    RegionReport.objects.filter(pk="cn-east-3").delete()
    numbers = told()
    assert value("ims_region_up", numbers, region="cn-east-3") == 0
    assert [
        each for each in numbers if each.labels.get("region") == "cn-east-3" and "store" in each.name
    ] == []


def test_guests_are_told_by_state_but_not_those_that_are_gone(people) -> None:
    for status in ("running", "running", "stopped"):
        factories.ServerFactory(project=people.bob.project, status=status)
    factories.ServerFactory(project=people.bob.project, status="deleted", deleted_at=now())
    numbers = told()
    assert value("ims_guests", numbers, state="running") == 2
    assert value("ims_guests", numbers, state="stopped") == 1
    assert value("ims_guests", numbers, state="failed") == 0
    assert [each for each in numbers if each.labels.get("state") == "deleted"] == []


def test_stored_bytes_tell_what_is_damaged_and_what_was_not_compared_for_longest(people) -> None:
    assert value("ims_verify_oldest_seconds") == 0
    for days, seen in ((9, 3), (5, None), (50, 1)):
        stored = factories.ImageDiskFactory(image=factories.ImageFactory(project=people.bob.project)).stored
        StoredBytes.objects.filter(pk=stored.pk).update(
            checksum="sha256:1",
            created_at=now() - timedelta(days=days),
            verified_at=seen and now() - timedelta(days=seen),
        )
    numbers = told()
    assert value("ims_verify_oldest_seconds", numbers) == about(5 * 86400)
    assert value("ims_stored_damaged", numbers) == 0
    StoredBytes.objects.filter(pk=stored.pk).update(damaged_at=now())
    StoredBytes.objects.exclude(pk=stored.pk).update(doomed_at=now())
    numbers = told()
    assert value("ims_verify_oldest_seconds", numbers) == about(86400)
    assert value("ims_stored_damaged", numbers) == 1


def test_quotas_are_those_of_all_projects_together(people, settings) -> None:
    people.bob.project.quotas = {"images": 7}
    people.bob.project.save()
    factories.ImageFactory(project=people.bob.project)
    factories.ImageFactory(project=people.carol.project)
    job = a_job(people, state="running")
    Reservation.objects.create(job=job, project=people.bob.project, resource="store_bytes", amount=512)
    numbers = told()
    assert value("ims_quota", numbers, resource="images") == 7 + settings.IMS_QUOTAS["images"]
    assert value("ims_quota", numbers, resource="servers") == 2 * settings.IMS_QUOTAS["servers"]
    assert value("ims_quota_used", numbers, resource="images") == 3
    assert value("ims_quota_reserved", numbers, resource="store_bytes") == 512


def test_uploads_are_told_by_state(people) -> None:
    upload = {"project": people.bob.project, "user": people.bob.user, "expires_at": now()}
    factories.UploadFactory(**upload, state="receiving", received_bytes=3)
    factories.UploadFactory(**upload, state="receiving", received_bytes=4)
    numbers = told()
    assert value("ims_uploads", numbers, state="receiving") == 2
    assert value("ims_uploads_bytes", numbers, state="receiving") == 7
    assert value("ims_uploads", numbers, state="refused") == 0


def test_a_database_that_does_not_answer_is_told_with_what_the_host_knows() -> None:
    def broken(*_args: object) -> None:
        raise OperationalError("the database is away")

    with connection.execute_wrapper(broken):
        numbers = told()
    assert value("ims_database_up", numbers) == 0
    assert value("ims_folder_free_bytes", numbers, folder="data") > 0
    assert OF_ROWS.isdisjoint(each.name for each in numbers)
    assert value("ims_database_up") == 1
    assert {each.name for each in told()} >= OF_ROWS


def test_of_a_host_alone_the_database_is_not_asked(django_assert_num_queries: Callable[..., Any]) -> None:
    with django_assert_num_queries(0):
        numbers = told("/metrics/here")
    assert value("ims_folder_size_bytes", numbers, folder="uploads") > 0
    assert OF_ROWS.isdisjoint(each.name for each in numbers)


LARGE = ("images_image", "images_imagedisk", "jobs_job", "audit_event", "sharing_share")
COUNTED = ("cloud_server", "accounts_project", "jobs_quotachange")


@pytest.mark.sqlite
def test_no_table_is_read_to_its_end_but_what_is_summed_up_once_a_minute(people) -> None:
    def read() -> list[str]:
        with ExitStack() as stack:
            found = {table: stack.enter_context(scans(table)) for table in LARGE + COUNTED}
            told()
        return [table for table, statements in found.items() if statements]

    forget_kept()
    assert set(read()) <= set(COUNTED)
    assert read() == []


@pytest.mark.slow(reason="a hundred of each thing are made")
def test_however_much_there_is_it_asks_as_often(people) -> None:
    def some(many: int) -> None:
        for number in range(many):
            account = factories.AccountFactory(name=f"account-{many}-{number}")
            project = factories.ProjectFactory(
                account=account, region=people.bob.project.region, quotas={"images": 9}
            )
            image = factories.ImageFactory(project=project)
            factories.ImageDiskFactory(image=image)
            factories.ServerFactory(project=project, image=image)
            a_job(
                people, state="failed" if number % 2 else "queued", finished_at=now() if number % 2 else None
            )
            factories.UploadFactory(project=project, user=people.bob.user, expires_at=now())
            ClockEntry.objects.create(name=f"work-{many}@{number}", due_at=now())

    def asked() -> int:
        forget_kept()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            told()
        return len(queries)

    some(1)
    few = asked()
    some(100)
    assert asked() == few <= 22
