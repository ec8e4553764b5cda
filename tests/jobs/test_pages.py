"""The pages of jobs: list, one job, fragments."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from images.models import Image
from imsconsole.accounts.resources import TITLES
from imsconsole.core import now as clock
from imsconsole.core.now import now
from imsconsole.core.project_urls import bare
from imsconsole.jobs.models import ClockEntry, Job
from imsconsole.jobs.run import Run
from imsconsole.jobs.runner import claim
from tests.conftest import client_of
from tests.jobs.kinds import QuickWriteFiles
from tests.support.workers import finish

pytestmark = pytest.mark.django_db
Start = Callable[..., Job]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def bob(people: SimpleNamespace):
    return client_of(people.bob)


def page(client, name: str, *args, query: str = "", **headers: str) -> str:
    response = client.get(reverse(f"jobs:{name}", args=args) + query, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def working(job: Job) -> Run:
    """A job in the middle of its second step."""
    run = Run(claim(str(job.pk), "test"))
    run.write(results={"prepare": {}}, step="write_bytes", step_started_at=clock.now() - timedelta(seconds=2))
    run.report(1024**2, 4 * 1024**2)
    return run


def test_the_list_shows_kind_subject_state_and_who(start: Start, bob):
    failed = finish(start(fails_in="describe", how="no-space"))
    working(start())

    html = page(bob, "list")

    assert failed.get_absolute_url() in html
    assert reverse("images:detail", args=[failed.subject_id]) in html
    assert "The disk of the service is full" in html
    assert 'value="25"' in html
    assert ">bob<" in html


def test_a_subject_that_is_gone_is_named_but_leads_nowhere(start: Start, bob):
    job = start()
    Image.objects.filter(pk=job.subject_id).update(status="deleted")
    address = reverse("images:detail", args=[job.subject_id])
    for html in (page(bob, "list"), page(bob, "detail", job.pk)):
        assert job.subject_name in html
        assert address not in html


def test_the_list_is_filtered_by_state_kind_and_name(start: Start, bob):
    first, second = finish(start()), start(QuickWriteFiles)

    assert second.get_absolute_url() not in page(bob, "list", query="?state=done")
    assert first.get_absolute_url() not in page(bob, "list", query="?kind=test.quick")
    assert second.get_absolute_url() in page(bob, "list", query="?kind=test.quick")
    assert first.get_absolute_url() in page(bob, "list", query=f"?q={first.subject_name}")
    assert "Nothing matches" in page(bob, "list", query="?q=nothing-like-it")


def test_the_list_asks_again_only_while_something_works(start: Start, bob):
    job = start()
    assert "every 2s" in page(bob, "list")
    assert f"#job-row-{job.pk}" in page(bob, "list", **HTMX)

    finish(job)

    assert "every 2s" not in page(bob, "list")


def test_people_see_the_jobs_of_their_own_project_only(start: Start, people: SimpleNamespace):
    job = start()
    carol = client_of(people.carol)

    assert job.subject_name not in page(carol, "list")
    for name in ("detail", "progress"):
        assert carol.get(reverse(f"jobs:{name}", args=[job.pk])).status_code == 404
    for name in ("cancel", "retry"):
        assert carol.post(reverse(f"jobs:{name}", args=[job.pk])).status_code == 404
    assert job.get_absolute_url() not in page(carol, "subject", job.subject_id)


def test_a_running_job_shows_its_steps_and_true_progress(start: Start, bob):
    job = start()
    working(job)

    html = page(bob, "detail", job.pk)

    assert "1 MiB / 4 MiB" in html
    assert "per second" in html
    assert "left" in html
    assert html.index("Done") < html.index("Now") < html.index("Waiting")
    assert f'{job.get_absolute_url()}?was=working" hx-trigger="every 1s"' in html
    assert '<noscript><meta http-equiv="refresh"' in html


def test_work_that_only_says_that_it_is_alive_shows_when_it_did_and_no_share(start: Start, bob):
    job = start()
    run = Run(claim(str(job.pk), "test"))
    run.write(step="write_bytes")
    assert "last sign of life" not in page(bob, "detail", job.pk)
    run.report(0, 4 * 1024**2)

    for html in (page(bob, "detail", job.pk), page(bob, "progress", job.pk, **HTMX)):
        assert "last sign of life: <time" in html
        assert "<progress" in html
        assert not {"%", "MiB"} & set(html.partition("<progress")[2].partition("</section>")[0].split())
        assert '<progress max="100" value' not in html


def test_an_ended_job_asks_no_more(start: Start, bob):
    job = finish(start())

    for html in (page(bob, "detail", job.pk), page(bob, "progress", job.pk, **HTMX)):
        assert "every 1s" not in html
        assert "http-equiv" not in html


def test_buttons_come_along_only_when_the_state_has_changed(start: Start, bob):
    job = start()
    working(job)

    assert "thing-actions" not in page(bob, "detail", job.pk, query="?was=working", **HTMX)
    changed = page(bob, "detail", job.pk, query="?was=queued", **HTMX)

    assert 'id="thing-actions" hx-swap-oob="true"' in changed


def test_a_failed_job_keeps_its_sentence_its_code_and_what_was_undone(start: Start, bob):
    job = finish(start(fails_in="describe", how="no-space"))

    html = page(bob, "detail", job.pk)

    assert "The disk of the service is full" in html
    assert "no-space" in html
    assert html.count("Undone") == 2
    assert "Retry from the failed step" in html


def test_cancel_and_retry_from_the_page(start: Start, bob, people: SimpleNamespace):
    waiting, failed = start(), finish(start(fails_in="describe", how="no-space"))

    assert bare(bob.post(reverse("jobs:cancel", args=[waiting.pk])).url) == waiting.get_absolute_url()
    assert bare(bob.post(reverse("jobs:retry", args=[failed.pk])).url) == failed.get_absolute_url()

    states = dict(Job.objects.values_list("pk", "state"))
    assert states == {waiting.pk: "cancelled", failed.pk: "queued"}
    assert "Earlier errors" in page(bob, "detail", failed.pk)


def test_what_is_not_allowed_is_shown_with_its_reason_and_refused(start: Start, people: SimpleNamespace):
    job, dave = start(), client_of(people.dave)

    html = page(dave, "detail", job.pk)
    response = dave.post(reverse("jobs:cancel", args=[job.pk]))

    assert 'aria-disabled="true"' in html
    assert "read-only" in html
    assert response.status_code == 409
    assert Job.objects.get().state == "queued"


@pytest.mark.parametrize("name", ["cancel", "retry"])
def test_nothing_changes_by_get_nor_for_strangers(start: Start, bob, client, name: str):
    address = reverse(f"jobs:{name}", args=[start().pk])

    assert bob.get(address).status_code == 405
    assert client.post(address).status_code == 302
    assert Job.objects.get().state == "queued"


def test_a_page_of_another_room_gets_the_work_about_its_subject(start: Start, bob):
    job = start()
    assert 'hx-trigger="every 1s"' in page(bob, "subject", job.subject_id, **HTMX)

    finish(job)

    assert job.get_absolute_url() not in page(bob, "subject", job.subject_id, **HTMX)
    assert "Nothing is being done" in page(bob, "subject", job.subject_id)


def test_progress_without_htmx_leads_to_the_job(start: Start, bob):
    job = start()

    assert bare(bob.get(reverse("jobs:progress", args=[job.pk])).url) == job.get_absolute_url()


def test_quotas_have_a_bar_each(start: Start, bob):
    start(reserves={"store_bytes": 1024**3})

    for html in (page(bob, "quotas"), page(bob, "quotas", **HTMX)):
        assert "1 GiB / 1 TiB" in html
        assert html.count("<progress") == len(TITLES)


def test_a_missing_worker_is_told_until_one_is_seen(bob):
    assert "No worker has been seen" in page(bob, "list")

    ClockEntry.objects.create(name="any", due_at=clock.now(), started_at=clock.now())

    assert "No worker has been seen" not in page(bob, "list")


def test_a_job_whose_kind_is_gone_is_still_shown(start: Start, bob):
    job = finish(start())
    Job.objects.update(path="tests.jobs.kinds.Gone", kind="test.gone")

    assert "test.gone" in page(bob, "list")
    assert "test.gone" in page(bob, "detail", job.pk)


@pytest.mark.slow(reason="the queries of a page are counted with few rows and with many")
def test_the_list_takes_the_same_few_queries_for_one_row_and_a_hundred(start: Start, bob):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert page(bob, "list", query="?per_page=100").count("job-row-") >= Job.objects.count()
        return len(captured) - 1

    start()
    for_one = queries()
    for number in range(99):
        job = start()
        Job.objects.filter(pk=job.pk).update(state=list(Job.State)[number % 5])

    assert queries() == for_one <= 14


@pytest.mark.parametrize("url", ["/", "/images/", "/servers/", "/me/", "/jobs/"])
def test_every_page_says_that_no_worker_is_there(people: SimpleNamespace, url: str) -> None:
    client = client_of(people.dave)
    assert "No worker has been seen" in client.get(url).content.decode()
    ClockEntry.objects.create(name="a.clock", due_at=now(), started_at=now())
    assert "No worker has been seen" not in client.get(url).content.decode()
