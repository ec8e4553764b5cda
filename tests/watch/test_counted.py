"""What is counted, where it happens."""

from collections.abc import Callable

import pytest
from django.db import OperationalError, connection
from django.test import Client

from imsconsole.cloud.engines import engine_for, forget_engines
from imsconsole.cloud.hosts import ask_host
from imsconsole.core.errors import Contended, NotFound, Unavailable
from imsconsole.engine.local.engine import LocalEngine
from imsconsole.jobs.models import Job
from imsconsole.jobs.services import retry_job
from tests.conftest import client_of
from tests.jobs.conftest import start  # noqa: F401
from tests.support.workers import finish
from tests.watch.numbers import counted_here

pytestmark = pytest.mark.django_db
Start = Callable[..., Job]


class Change:
    """By how much a count is higher at the end of the block."""

    def __init__(self, name: str, **labels: str) -> None:
        self.name, self.labels = name, labels

    def __enter__(self) -> "Change":
        self.before = counted_here(self.name, **self.labels)
        return self

    def __exit__(self, *_: object) -> None:
        self.by = counted_here(self.name, **self.labels) - self.before


def of_job(name: str, **labels: str) -> Change:
    return Change(name, kind="test.write", **labels)


def test_requests_are_counted_and_timed_by_view(people) -> None:
    client = client_of(people.alice)
    with (
        Change("ims_responses_total", view="images:list", status="2xx") as well,
        Change("ims_request_seconds_count", view="images:list") as timed,
        Change("ims_responses_total", view="none", status="4xx") as nowhere,
        Change("ims_responses_total", view="images:list", status="4xx") as wrong,
    ):
        client.get("/images/")
        client.get("/images/")
        client.post("/images/")
        client.get("/nowhere/")
    assert (well.by, timed.by, nowhere.by, wrong.by) == (2, 3, 1, 1)


def test_jobs_are_counted_when_they_are_taken_up_and_when_they_end(start: Start, people, tmp_path) -> None:  # noqa: F811
    with (
        of_job("ims_job_attempts_total") as attempts,
        of_job("ims_job_retries_total") as retries,
        of_job("ims_jobs_ended_total", state="done") as done,
        of_job("ims_jobs_ended_total", state="failed") as failed,
        of_job("ims_job_errors_total", code="no-space") as errors,
        of_job("ims_job_seconds_count") as timed,
    ):
        finish(start())
        job = finish(start(fails_in="describe", how="no-space"))
        (tmp_path / "repaired").touch()
        retry_job(job, actor=people.bob)
        finish(job)
    assert (attempts.by, retries.by) == (3, 1)
    assert (done.by, failed.by, errors.by, timed.by) == (2, 1, 1, 3)


def test_a_lost_lease_is_counted(start: Start, monkeypatch) -> None:  # noqa: F811
    job = start()

    def lose(run: object, step: str) -> None:
        Job.objects.filter(pk=job.pk).update(attempt=7)

    monkeypatch.setattr("tests.jobs.kinds.WriteFiles.fail", staticmethod(lose))
    with of_job("ims_job_lease_losses_total") as lost, of_job("ims_jobs_ended_total", state="done") as done:
        finish(job)
    assert (lost.by, done.by) == (1, 0)


def test_a_job_that_is_given_back_is_counted(start: Start, monkeypatch) -> None:  # noqa: F811
    def gone(run: object, step: str) -> None:
        raise Contended

    monkeypatch.setattr("tests.jobs.kinds.WriteFiles.fail", staticmethod(gone))
    with of_job("ims_job_releases_total") as given:
        finish(start())
    assert given.by == 1


def test_an_engines_errors_are_counted_by_code_whoever_asked(people, monkeypatch) -> None:
    def away(engine: LocalEngine) -> None:
        raise Unavailable("state-unknown")

    forget_engines()
    engine = engine_for(people.bob.project.region)
    assert isinstance(engine, LocalEngine)
    monkeypatch.setattr(LocalEngine, "free_space", away)
    with Change("ims_engine_errors_total", engine="local", code="state-unknown") as counted:
        ask_host(people.bob.project.region)
    assert counted.by == 1
    monkeypatch.setattr(LocalEngine, "free_space", lambda engine: 1 // 0)
    with (
        Change("ims_engine_errors_total", engine="local", code="unexpected") as unexpected,
        pytest.raises(ZeroDivisionError),
    ):
        engine.free_space()
    assert unexpected.by == 1
    with (
        Change("ims_engine_errors_total", engine="local", code="no-such-bytes") as missing,
        pytest.raises(NotFound),
    ):
        engine.open("images/none.qcow2")
    assert missing.by == 1
    forget_engines()


def test_a_database_that_is_gone_is_counted_once_for_a_request(people) -> None:
    def broken(*_args: object) -> None:
        raise OperationalError("the database is away")

    client = client_of(people.alice)
    client.raise_request_exception = False
    with (
        Change("ims_database_errors_total", error="disconnected") as counted,
        connection.execute_wrapper(broken),
    ):
        assert client.get("/images/").status_code == 503
    assert counted.by == 1


def test_sign_ins_are_counted_by_how_they_went(people, settings) -> None:
    settings.IMS_SIGN_IN_TRIES = 1
    people.bob.user.set_password("right-password-1")
    people.bob.user.save()
    kind = {"kind": "password"}
    with (
        Change("ims_sign_ins_total", result="tried", **kind) as tried,
        Change("ims_sign_ins_total", result="succeeded", **kind) as succeeded,
        Change("ims_sign_ins_total", result="too-early", **kind) as early,
    ):
        for password in ("right-password-1", "wrong", "wrong"):
            Client().post("/accounts/login/", {"login": "bob", "password": password})
    assert (tried.by, succeeded.by, early.by) == (2, 1, 1)
