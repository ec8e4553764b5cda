"""The first page: what needs the reader, what is going on, what is used, what was done, where to begin."""

import re
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from images.quotas import OF_TYPE
from imsconsole.accounts.log import record
from imsconsole.accounts.models import Invitation
from imsconsole.core import now as clock
from imsconsole.core.project_urls import bare
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import quota_lines, used_by
from imsconsole.overview.needs import needs_of
from imsconsole.overview.plots import slices, storage_of
from tests import factories
from tests.conftest import client_of
from tests.support.plans import scans

pytestmark = pytest.mark.django_db


def page(actor) -> str:
    response = client_of(actor).get("/")
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def job(people: SimpleNamespace) -> Callable[..., Job]:
    """A failed job of Bob's about a new image."""

    def job(name: str = "web-base", **fields) -> Job:
        fields = {"user": people.bob.user, "project": people.bob.project, "state": "failed", "finished_at": clock.now(),
                  "error_code": "no-space", "subject_kind": "image"} | fields  # fmt: skip
        if "subject_id" not in fields:
            fields["subject_id"] = factories.ImageFactory(project=fields["project"], name=name).pk
        return Job.objects.create(
            kind="image.import",
            path="images.create.jobs.ImportImage",
            queue="bulk",
            subject_name=name,
            **fields,
        )

    return job


# ── what needs the reader ───────────────────────────────────────────────────
def test_a_failed_job_needs_who_started_it(people, job):
    failed = job()
    html = page(people.bob)
    assert failed.get_absolute_url() in html
    assert "The disk of the service is full" in html
    for other in (people.alice, people.dave, people.carol):
        assert needs_of(other) == []


def test_what_was_retried_or_deleted_or_is_long_ago_needs_nobody(people, job):
    first = job("first")
    job("first", subject_id=first.subject_id, state="done")
    gone = factories.ImageFactory(project=people.bob.project, status="deleted")
    job("gone", subject_id=gone.pk)
    job("old", finished_at=clock.now() - timedelta(days=8))
    job("cancelled", state="cancelled")
    assert needs_of(people.bob) == []


def test_a_kept_disk_needs_the_project_before_it_goes(people):
    server = factories.ServerFactory(project=people.bob.project, name="web-3")
    factories.DiskFactory(
        server=server, beside=True, status="kept", kept_until=clock.now() + timedelta(days=3)
    )
    assert needs_of(people.bob) == []
    clock.move(timedelta(days=2))
    assert [(need.title, need.url) for need in needs_of(people.bob)] == [("web-3", server.get_absolute_url())]
    assert needs_of(people.carol) == []


@pytest.mark.parametrize(("state", "says"), [("complete", "no image was made"), ("receiving", "interrupted")])
def test_an_upload_nobody_goes_on_with_needs_its_owner(people, state, says, settings):
    settings.IMS_UPLOAD_KEPT_HOURS = 24
    factories.UploadFactory(
        project=people.bob.project, user=people.bob.user, name="big.raw", state=state, expires_at=clock.now() + timedelta(hours=20)
    )  # fmt: skip
    assert needs_of(people.bob) == []
    clock.move(timedelta(hours=9))
    (need,) = needs_of(people.bob)
    assert need.title == "big.raw"
    assert says in need.text
    assert needs_of(people.alice) == []


def test_an_upload_an_image_is_made_of_needs_nobody(people, job):
    upload = factories.UploadFactory(
        project=people.bob.project, user=people.bob.user, state="complete", expires_at=clock.now() + timedelta(hours=1)
    )  # fmt: skip
    image = factories.ImageFactory(
        project=people.bob.project, status="saving", source_kind="file", source_id=upload.pk
    )
    job(subject_id=image.pk, state="running", finished_at=None)
    assert needs_of(people.bob) == []


def test_an_invitation_that_expires_needs_the_administrators(people):
    Invitation.objects.create(
        account=people.alice.account, role="read-only", note="for Erin", secret_sha256="0", expires_at=clock.now() + timedelta(days=1)
    )  # fmt: skip
    assert [need.title for need in needs_of(people.alice)] == ["for Erin"]
    for other in (people.bob, people.dave, people.carol):
        assert needs_of(other) == []


def test_where_nothing_is_wrong_the_page_says_so(people):
    assert "Nothing failed and nothing is about to expire." in page(people.dave)


# ── what is going on ────────────────────────────────────────────────────────
def test_running_jobs_are_the_projects(people, job):
    running = job("being-made", state="running", finished_at=None, error_code="")
    job("finished", state="done")
    for member in (people.alice, people.bob, people.dave):
        html = page(member)
        assert reverse("jobs:progress", args=[running.pk]) in html
        assert "finished" not in html
    assert "being-made" not in page(people.carol)


# ── what is used ────────────────────────────────────────────────────────────
def test_storage_is_told_by_type_the_largest_first(people):
    for kind, gib in (("system", 1), ("data", 3), ("system", 1)):
        image = factories.ImageFactory(project=people.bob.project, type=kind)
        factories.ImageDiskFactory(image=image, size_bytes=gib * 1024**3)
    gone = factories.ImageFactory(project=people.bob.project, type="iso", status="deleted")
    factories.ImageDiskFactory(image=gone)

    drawn = storage_of(used_by(people.bob.project, OF_TYPE.values()))
    assert [(each.key, each.text, each.share) for each in drawn] == [
        ("data", "3 GiB", "60.00%"),
        ("system", "2 GiB", "40.00%"),
    ]
    html = page(people.bob)
    assert re.search(r"<title[^>]*>Data disk image 3 GiB, System disk image 2 GiB</title>", html)
    assert "3 GiB" not in page(people.carol)


def test_a_bar_is_full_and_shows_the_smallest_part(people):
    drawn = slices([("system", 10**15), ("iso", 1)])
    assert sum(each.width for each in drawn) == pytest.approx(100)
    assert drawn[1].width > 0.5
    assert drawn[1].start == pytest.approx(drawn[0].width)
    assert slices([]) == []


def test_bars_are_drawn_the_same_in_a_language_with_commas(people, settings):
    factories.ImageDiskFactory(image=factories.ImageFactory(project=people.bob.project))
    settings.LANGUAGES = [*settings.LANGUAGES, ("de", "Deutsch")]
    html = client_of(people.bob).get("/", headers={"Accept-Language": "de"}).content.decode()
    assert 'lang="de"' in html
    assert 'width="100.00%"' in html


@pytest.mark.parametrize(
    ("limit", "drawn"),
    [(1000, "plot-fill"), (5, "plot-fill is-tight"), (4, "plot-fill is-full"), (0, "plot-fill is-full")],
)
def test_a_quota_that_is_nearly_used_up_stands_out(people, limit, drawn):
    project = people.bob.project
    project.quotas = {"images": limit}
    project.save()
    for _ in range(4):
        factories.ImageFactory(project=project)
    bar = re.search(
        r'<dt>Private images</dt>.*?<rect\s+class="([^"]+)"\s+width="(\d+)%"', page(people.bob), re.DOTALL
    )
    assert bar[1] == drawn
    assert 1 <= int(bar[2]) <= 100


# ── what was done ───────────────────────────────────────────────────────────
def test_the_latest_events_are_the_projects(people):
    server = factories.ServerFactory(project=people.bob.project, name="web-3")
    record("renameServer", people.bob, [server])
    record(
        "renameServer", people.carol, [factories.ServerFactory(project=people.carol.project, name="theirs")]
    )
    html = page(people.dave)
    assert "Rename a server" in html
    assert server.get_absolute_url() in html
    assert "theirs" not in html


# ── where to begin ──────────────────────────────────────────────────────────
def test_an_empty_project_shows_the_first_steps_in_order(people):
    factories.PublicImageFactory(region=people.bob.region)
    html = page(people.bob)
    ways = [
        reverse("keypairs:create"),
        f"{reverse('images:list')}?tab=public",
        reverse("images:create"),
        reverse("servers-create"),
    ]
    places = [html.index(f'{way}"') for way in ways]
    assert places == sorted(places)
    assert "1 public image is ready" in html
    for way in ways:
        assert client_of(people.bob).get(way).status_code == 200


def test_what_was_done_is_ticked_and_the_next_step_stands_out(people):
    def main_buttons() -> list[str]:
        return [
            bare(url) for url in re.findall(r'class="btn btn-primary"\s+href="([^"]+)"', page(people.bob))
        ]

    assert main_buttons() == [reverse("keypairs:create")]
    factories.KeyPairFactory(project=people.bob.project)
    assert main_buttons() == [f"{reverse('images:list')}?tab=public"]
    factories.ImageFactory(project=people.bob.project)
    assert main_buttons() == [reverse("servers-create")]
    assert page(people.bob).count('class="is-done"') == 2


def test_who_may_only_read_sees_why_the_steps_are_for_others(people):
    html = page(people.dave)
    assert "Your role in this project is read-only" in html
    assert f'href="{reverse("servers-create")}"' not in html


def test_with_a_server_the_first_steps_are_over(people):
    factories.ServerFactory(project=people.bob.project)
    assert "first-steps" not in page(people.bob)


def test_a_name_is_no_markup(people, job):
    job("<script>x</script>")
    assert "<script>x" not in page(people.bob)


def test_the_page_costs_the_same_whatever_there_is(people, job):
    client = client_of(people.bob)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/").status_code == 200
        return len(captured)

    def add(number: int) -> None:
        for n in range(number):
            server = factories.ServerFactory(project=people.bob.project)
            factories.DiskFactory(
                server=server, beside=True, status="kept", kept_until=clock.now() + timedelta(days=1)
            )
            job(f"failed-{number}-{n}")
            job(f"running-{number}-{n}", state="running", finished_at=None, error_code="")
            factories.UploadFactory(
                project=people.bob.project, user=people.bob.user, expires_at=clock.now() + timedelta(hours=1)
            )
            factories.ImageDiskFactory(image=factories.ImageFactory(project=people.bob.project))
            record("renameServer", people.bob, [server])

    add(1)
    for_one = queries()
    add(9)
    assert queries() == for_one <= 15


@pytest.mark.parametrize("with_servers", [False, True])
def test_no_number_is_counted_over_all_images(people, job, with_servers):
    if with_servers:
        factories.ServerFactory(project=people.bob.project)
    job()
    job("being-made", state="running", finished_at=None, error_code="")
    record("renameServer", people.bob, [factories.ImageFactory(project=people.bob.project)])
    client = client_of(people.bob)
    tables = ("images_image", "images_imagedisk", "sharing_share", "cloud_disk", "audit_event")
    with ExitStack() as stack:
        found = [stack.enter_context(scans(table)) for table in tables]
        assert client.get("/").status_code == 200
    assert found == [[]] * len(tables)


def test_quotas_are_asked_of_what_is_noted(people, django_assert_num_queries):
    with scans("images_image") as of_images, scans("jobs_quotachange") as noted, django_assert_num_queries(1):
        quota_lines(people.bob.project)
    assert (of_images, noted) == ([], [])
