"""What needs the operator, on the administration's start page."""

import os
from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client

from imsconsole.accounts.models import Project
from imsconsole.cloud.engines import forget_engines
from imsconsole.cloud.hosts import ask_hosts
from imsconsole.cloud.models import RegionReport
from imsconsole.core.now import now
from imsconsole.engine.conversion.limits import run_as
from imsconsole.jobs.models import ClockEntry, Job
from imsconsole.jobs.periodic import all_periodic, tick
from imsconsole.operator import attention
from tests import factories
from tests.support.plans import scans

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(operator) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def concerns(admin) -> list[str]:
    return [concern.sentence for concern in admin.get("/admin/").context["attention"].concerns]


def beat(**fields) -> ClockEntry:
    fields = {"due_at": now() + timedelta(minutes=1), "started_at": now()} | fields
    return ClockEntry.objects.create(name=fields.pop("name", "room.work"), **fields)


def test_all_is_well_is_said(admin) -> None:
    beat()
    assert concerns(admin) == []
    assert "Nothing: workers are alive" in admin.get("/admin/").content.decode()


def test_that_no_worker_is_seen_comes_first(admin) -> None:
    assert concerns(admin)[0].startswith("No worker has been seen")


def test_periodic_work_that_failed_or_is_late_is_named(admin) -> None:
    beat()
    beat(name="room.broken", error="no space")
    beat(name="room.late", due_at=now() - timedelta(minutes=3))
    assert concerns(admin) == [
        "The periodic work room.late is late.",
        "The periodic work room.broken failed: no space",
    ]


def test_last_and_next_runs_are_shown_of_all_work(admin) -> None:
    tick()
    page = admin.get("/admin/")
    shown = {entry.name for entry in page.context["attention"].clock}
    assert shown == {periodic.name for periodic in all_periodic()}
    assert all(entry.started_at and entry.due_at for entry in page.context["attention"].clock)


@pytest.mark.parametrize(
    ("accelerator", "said"),
    [("kvm", "Servers run with KVM."), ("tcg", "Servers run by emulation (TCG), which")],
)
def test_what_servers_run_with_is_said(admin, people, settings, accelerator: str, said: str) -> None:
    settings.IMS_ACCELERATOR = accelerator
    forget_engines()
    ask_hosts()
    page = admin.get("/admin/")
    forget_engines()
    assert said in page.content.decode()


@pytest.mark.parametrize(
    ("is_root", "said"),
    [(True, "each conversion of a disk runs as a system user of its own"), (False, "does not run as root")],
)
def test_whether_servers_are_users_of_their_own_is_said(
    admin, people, monkeypatch, is_root: bool, said: str
) -> None:
    if not is_root:
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
    forget_engines()
    ask_hosts()
    page = admin.get("/admin/").content.decode()
    forget_engines()
    assert (said in page) == (not is_root or run_as().switch)


def test_failed_jobs_are_counted_until_somebody_tries_again(admin, people) -> None:
    beat()
    image = factories.ImageFactory(project=people.bob.project)
    made = {
        "kind": "image.import", "path": "images.create.jobs.ImportImage", "queue": "bulk", "project": people.bob.project,
        "subject_kind": "image", "subject_id": image.pk, "subject_name": image.name,
    }  # fmt: skip
    failed = Job.objects.create(**made, state="failed")
    assert concerns(admin) == ["1 job failed and was not tried again."]
    assert list(admin.get("/admin/jobs/job/", {"needs": "retry"}).context["cl"].queryset) == [failed]

    Job.objects.create(**made, state="queued", created_at=failed.created_at + timedelta(seconds=1))
    assert concerns(admin) == []


def test_who_waits_for_a_decision_about_the_market_is_counted(admin, people) -> None:
    beat()
    publisher = factories.PublisherFactory(account=people.bob.account, state="applied")
    version = factories.ListingVersionFactory(listing__project=people.bob.project, state="in-review")
    assert concerns(admin) == ["1 publisher has applied.", "1 listing waits for its review."]
    publisher.state, version.state = "approved", "published"
    publisher.save()
    version.save()
    assert concerns(admin) == []


def test_a_quota_that_is_nearly_full_is_named_with_its_project(admin, people) -> None:
    beat()
    people.bob.project.quotas = {"images": 5}
    people.bob.project.save()
    for _ in range(3):
        factories.ImageFactory(project=people.bob.project)
    assert concerns(admin) == []
    factories.ImageFactory(project=people.bob.project)
    assert concerns(admin) == ["acme · acme-north uses 80 % of “Private images”: 4 of 5."]


def test_of_very_many_projects_only_those_are_counted_whose_quota_may_be_full(
    admin, people, settings
) -> None:
    """By the service's limit, by one of their own, and with what is reserved."""
    beat()
    settings.IMS_QUOTAS = settings.IMS_QUOTAS | {"images": 5}
    idle = factories.ProjectFactory.create_batch(3)
    factories.ImageFactory.create_batch(4, project=people.bob.project)
    assert [project for project, _line in attention.nearly_full(80)] == [people.bob.project]
    Project.objects.filter(pk=idle[0].pk).update(quotas={"images": 1})
    factories.ImageFactory(project=idle[0])
    factories.ImageFactory.create_batch(3, project=idle[1])
    image = factories.ImageFactory(project=idle[2])
    job = Job.objects.create(
        kind="image.import", path="images.create.jobs.ImportImage", queue="bulk", project=idle[2],
        subject_kind="image", subject_id=image.pk, subject_name=image.name,
    )  # fmt: skip
    job.reservations.create(project=idle[2], resource="images", amount=4)
    full = [(project, line.percent) for project, line in attention.nearly_full(80)]
    assert full == [(idle[0], 100), (idle[2], 100), (people.bob.project, 80)]
    with scans("accounts_project") as scanned, scans("images_image") as images:
        attention.nearly_full(80)
    assert (len(scanned), images) == (1, [])  # who has own limits


def test_little_space_is_said_and_much_is_not(admin, people) -> None:
    beat()
    far = factories.RegionFactory(code="cn-east-3", name="East")
    RegionReport.objects.filter(pk=far).update(free_bytes=F("free_bytes") - 4096)  # asked a little later
    spaces = admin.get("/admin/").context["attention"].spaces
    assert "East, CN North-Beijing4" in {space.title.partition(": ")[2] for space in spaces}
    assert [space.total_bytes > space.free_bytes > 0 for space in spaces] == [True, True]
    least = attention.LEAST_FREE_BYTES
    assert attention.DiskSpace("x", least - 1, 10 * least).is_short
    assert not attention.DiskSpace("x", least, 10 * least).is_short
