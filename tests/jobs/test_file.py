"""The list of jobs as a CSV file."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime

from imsconsole.jobs.models import Job
from tests.conftest import client_of
from tests.jobs.kinds import QuickWriteFiles
from tests.support.files import file_of
from tests.support.workers import finish

pytestmark = pytest.mark.django_db
Start = Callable[..., Job]


def ids(actor, **query) -> list[str]:
    return [row["Job ID"] for row in file_of(actor, "jobs", **query)]


def test_a_row_says_what_the_job_is_and_why_it_failed(start: Start, people: SimpleNamespace):
    job = finish(start(fails_in="describe", how="no-space"))
    (row,) = file_of(people.dave, "jobs")
    assert (row["Job ID"], row["About"]) == (str(job.pk), job.subject_name)
    assert (row["Resource type"], row["Resource ID"]) == ("Image", str(job.subject_id))
    assert (row["State"], row["Started by"]) == ("Failed", "bob")
    assert row["Reason"].startswith("The disk of the service is full")
    assert row["Created at"] <= row["Started at"] <= row["Ended at"]
    Job.objects.update(started_at=job.created_at, finished_at=job.created_at + timedelta(seconds=3750))
    (row,) = file_of(people.dave, "jobs")
    assert row["Duration (s)"] == "3750"
    client = client_of(people.dave)
    ended = localtime(job.created_at + timedelta(seconds=3750))
    for page in (reverse("jobs:list"), job.get_absolute_url()):
        html = client.get(page).content.decode()
        assert "1 h 2 min" in html
        assert date_format(ended, "EXACT_FORMAT") in html


def test_a_job_that_waits_has_no_duration(start: Start, people: SimpleNamespace):
    assert start().duration_s is None
    assert file_of(people.dave, "jobs")[0]["Duration (s)"] == ""


def test_the_file_is_found_and_ordered_as_the_list_is(start: Start, people: SimpleNamespace):
    first, second = finish(start()), start(QuickWriteFiles)
    assert ids(people.bob) == [str(second.pk), str(first.pk)]
    assert ids(people.bob, sort="created_at") == [str(first.pk), str(second.pk)]
    assert ids(people.bob, state="done") == [str(first.pk)]
    assert ids(people.bob, kind="test.quick") == [str(second.pk)]
    page = client_of(people.bob).get(reverse("jobs:list"), {"state": "done"}).content.decode()
    assert f'{reverse("jobs:export")}?state=done"' in page


def test_another_account_gets_none(start: Start, people: SimpleNamespace):
    start()
    assert ids(people.carol) == []


def test_a_name_is_no_formula_and_headings_are_the_readers(start: Start, people: SimpleNamespace):
    Job.objects.filter(pk=start().pk).update(subject_name="=1+1")
    (row,) = file_of(people.bob, "jobs", "zh-hans")
    assert (row["对象"], row["开始时间"]) == ("'=1+1", "")
