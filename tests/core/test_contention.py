"""What the database ends for another's sake is tried once more, then refused with a sentence.

SQLite has waited before it gives up, so with it nothing is tried again.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.accounts.models import Project, Role, User
from imsconsole.audit.models import Event
from imsconsole.core.contention import one_wins, retried
from imsconsole.core.errors import Contended
from imsconsole.core.rules import ALLOWED, Refused, refuse
from imsconsole.jobs.models import Job
from imsconsole.jobs.run import Run
from imsconsole.urls import handler500  # noqa: F401 - of this module's addresses as well
from tests import factories
from tests.jobs.conftest import start  # noqa: F401
from tests.jobs.kinds import WriteFiles, note
from tests.support import lock_order
from tests.support.at_once import DONE, at_once
from tests.support.faults import end, meet_contention

pytestmark = pytest.mark.django_db(transaction=True)
TRIES = 2 if connection.vendor == "postgresql" else 1


class Moody:
    """A service that makes its actor's user, and at the first so many `times` meets contention after that."""

    def __init__(self, times: int) -> None:
        self.times, self.tries = times, 0

        @service("createUser")
        def make(*, actor: Actor) -> User:
            self.tries += 1
            assert actor.user.pk is None, "as it was before the first try"
            actor.user.save()
            if self.tries <= self.times:
                meet_contention()
            return actor.user

        self.make = make


@pytest.fixture
def newcomer(people: SimpleNamespace) -> Actor:
    return Actor(User(username="eve"), people.bob.project, Role.READ_ONLY)


def test_a_service_is_tried_once_more_as_if_it_had_not_been(newcomer: Actor) -> None:
    moody = Moody(times=TRIES - 1)
    assert moody.make(actor=newcomer).pk == User.objects.get(username="eve").pk
    assert moody.tries == TRIES
    assert Event.objects.filter(action="createUser").count() == 1


def test_what_is_ended_again_is_refused(newcomer: Actor) -> None:
    moody = Moody(times=9)
    with pytest.raises(Contended):
        moody.make(actor=newcomer)
    assert moody.tries == TRIES
    assert not User.objects.filter(username="eve").exists()


def test_inside_a_transaction_only_the_whole_is_tried_again(newcomer: Actor) -> None:
    moody = Moody(times=TRIES - 1)
    wholes = []

    @retried
    @transaction.atomic
    def whole(*, actor: Actor) -> User:
        wholes.append(actor)
        return moody.make(actor=actor)

    whole(actor=newcomer)
    assert len(wholes) == moody.tries == TRIES
    with pytest.raises(OperationalError), transaction.atomic():
        Moody(times=1).make(actor=Actor(User(username="adam"), newcomer.project, Role.READ_ONLY))


def test_other_errors_of_the_database_stay_what_they_are() -> None:
    with pytest.raises(DatabaseError, match="no_such_table"):
        retried(connection.cursor().execute)("SELECT * FROM no_such_table")


@pytest.mark.slow(reason="PostgreSQL looks for deadlocks once a second")
def test_of_two_who_hold_what_the_other_waits_for_both_are_done(people: SimpleNamespace) -> None:
    """With SQLite, where one holds everything, the other does not wait for ever."""
    rows, both_hold_one = [factories.ProjectFactory(), factories.ProjectFactory()], Barrier(2)

    @service("updateProject")
    def touch(*, first: Project, second: Project, actor: Actor) -> None:
        Project.objects.select_for_update().get(pk=first.pk)
        with suppress(BrokenBarrierError):
            both_hold_one.wait(60)
        Project.objects.select_for_update().get(pk=second.pk)

    def call(first: Project, second: Project) -> None:
        if connection.vendor == "sqlite":
            connection.cursor().execute("PRAGMA busy_timeout = 0")
        try:
            touch(first=first, second=second, actor=people.alice)
        finally:
            both_hold_one.abort()

    outcomes = at_once(lambda: call(*rows), lambda: call(*reversed(rows)))
    assert sorted(outcomes) == [*["contended"] * (2 - TRIES), *[DONE] * TRIES]
    assert Event.objects.filter(action="updateProject").count() == TRIES
    lock_order.complaints.clear()


# jobs -------------------------------------------------------------------------------------------------


class Contending(WriteFiles):
    """Meets contention in its last step, or while it is settled, until it has been there as often as `times` says."""

    kind = "test.contending"

    def describe(self, run: Run) -> None:
        super().describe(run)
        self._meet("describe", run.job)

    def settle(self, job: Job, state: str) -> None:
        super().settle(job, state)
        if state == Job.State.DONE:
            note(Run(job), "settle")
            self._meet("settle", job)

    @staticmethod
    def _meet(where: str, job: Job) -> None:
        been = (Path(job.args["folder"]) / "notes").read_text().split().count(where)
        if job.args["where"] == where and been <= job.args["times"]:
            with transaction.atomic():
                meet_contention()


@pytest.mark.parametrize("where", ["describe", "settle"])
def test_a_step_and_the_end_of_a_job_are_tried_again(start: Callable[..., Job], where: str) -> None:  # noqa: F811
    """Once at once; then as after any death of its worker."""
    job = end(start(Contending, where=where, times=1))
    assert (job.state, job.deaths) == ("done", 2 - TRIES)
    job = end(start(Contending, where=where, times=99))
    assert (job.state, job.error_code) == ("failed", "worker-killed")


def test_a_database_that_is_busy_between_two_steps_fails_no_job(start: Callable[..., Job]) -> None:  # noqa: F811
    """As long as another process writes, a worker cannot even note that a step is done."""
    met: list[str] = []

    def busy(execute: Any, sql: str, *rest: Any) -> Any:
        if 'SET "results"' in sql and not met:
            met.append(sql)
            meet_contention()
        return execute(sql, *rest)

    with connection.execute_wrapper(busy):
        job = end(start(WriteFiles))
    assert met
    assert (job.state, job.deaths) == ("done", 1), job.error_code


# pages ------------------------------------------------------------------------------------------------


def contending(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        meet_contention()
    return HttpResponse("done")


urlpatterns = [path("t/", contending), path("", include("imsconsole.urls"))]


@pytest.mark.urls("tests.core.test_contention")
def test_the_page_says_so_in_the_reader_s_language() -> None:
    client = Client(raise_request_exception=False)
    page = client.post("/t/")
    assert page.status_code == 409
    assert "Others were changing the same things" in page.content.decode()
    toast = client.post("/t/", headers={"HX-Request": "true", "Accept-Language": "zh-hans"})
    assert (toast.status_code, toast["HX-Retarget"]) == (409, "#toasts")
    assert "同一时间" in toast.content.decode()


def test_who_writes_what_may_be_there_once_too_late_reads_why_not(people: SimpleNamespace) -> None:
    image = factories.ImageFactory(project=people.alice.project)
    verdicts = [refuse("taken", "It is taken."), ALLOWED]

    def write() -> None:
        with one_wins(verdicts.pop):
            factories.ImageFactory(project=image.project, name=image.name)

    with pytest.raises(IntegrityError):  # of which the rule knows nothing
        write()
    with pytest.raises(Refused) as refusal:
        write()
    assert refusal.value.code == "taken"
    assert list(people.alice.project.images.all()) == [image]
