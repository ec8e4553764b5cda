"""Starting jobs: one live job per subject, reservations, nothing from a transaction that is rolled back."""

import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from django_tasks_db.models import DBTaskResult

from images.models import Image
from imsconsole.core.errors import Conflict, ImsError
from imsconsole.core.rules import Refused
from imsconsole.core.sentences import sentence_of
from imsconsole.jobs.models import Job, Reservation
from imsconsole.jobs.quotas import quota_lines, used_by
from imsconsole.jobs.services import retry_job
from imsconsole.jobs.start import start_job
from tests.factories import ImageFactory
from tests.jobs.kinds import WriteFiles
from tests.support.workers import finish, run_jobs

pytestmark = pytest.mark.django_db
Start = Callable[..., Job]


def limit(project, **quotas: int) -> None:
    project.quotas = quotas
    project.save(update_fields=["quotas"])


def test_a_second_job_about_a_subject_waits_for_the_first(people: SimpleNamespace):
    image = ImageFactory(project=people.bob.project)
    start_job(WriteFiles, image, actor=people.bob)

    with pytest.raises(Conflict) as busy:
        start_job(WriteFiles, image, actor=people.alice)

    assert busy.value.code == "subject-busy"
    assert busy.value.values == {"name": image.name}
    assert Job.objects.count() == DBTaskResult.objects.count() == 1


def test_a_subject_is_free_again_when_its_job_has_ended(start: Start, people: SimpleNamespace):
    job = finish(start())

    again = start_job(WriteFiles, Image.objects.get(pk=job.subject_id), actor=people.bob)

    assert again.state == "queued"


def test_a_transaction_that_is_rolled_back_starts_nothing(start: Start):
    def fail_later() -> None:
        with transaction.atomic():
            start(reserves={"store_bytes": 10})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_later()

    assert not Job.objects.exists()
    assert not DBTaskResult.objects.exists()
    assert not Reservation.objects.exists()


@pytest.mark.parametrize("fails_in", ["", "write_bytes"])
def test_a_reservation_counts_until_the_job_has_ended(start: Start, people: SimpleNamespace, fails_in: str):
    job = start(reserves={"store_bytes": 4096}, fails_in=fails_in, how="no-space")
    assert used_by(people.bob.project)["store_bytes"] == 4096

    run_jobs()

    job.refresh_from_db()
    assert job.state == ("failed" if fails_in else "done")
    assert used_by(people.bob.project)["store_bytes"] == 0


def test_what_does_not_fit_the_quota_is_refused_and_nothing_is_started(start: Start, people: SimpleNamespace):
    limit(people.bob.project, store_bytes=5000)
    start(reserves={"store_bytes": 4096})

    with pytest.raises(Refused) as refused:
        start(reserves={"store_bytes": 905})

    assert refused.value.code == "quota-store-bytes"
    assert "4 KiB of 4.9 KiB" in sentence_of(refused.value)
    assert Job.objects.count() == 1
    start(reserves={"store_bytes": 904})


def test_a_retry_reserves_again_and_is_refused_when_it_no_longer_fits(start: Start, people: SimpleNamespace):
    job = start(reserves={"store_bytes": 4096}, fails_in="describe", how="no-space")
    run_jobs()
    limit(people.bob.project, store_bytes=4095)
    job.refresh_from_db()
    with pytest.raises(Refused):
        retry_job(job, actor=people.bob)

    limit(people.bob.project, store_bytes=4096)
    retry_job(job, actor=people.bob)

    assert used_by(people.bob.project)["store_bytes"] == 4096


@pytest.mark.django_db(transaction=True)
def test_a_quota_is_hard_when_many_reserve_at_once(people: SimpleNamespace):
    limit(people.bob.project, store_bytes=3)
    images = [ImageFactory(project=people.bob.project) for _ in range(8)]
    barrier, answers = threading.Barrier(8), []

    def reserve_one(image) -> None:
        barrier.wait()
        try:
            start_job(WriteFiles, image, actor=people.bob, reserves={"store_bytes": 1})
            answers.append("started")
        except ImsError as error:
            answers.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=reserve_one, args=[image]) for image in images]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == ["quota-store-bytes"] * 5 + ["started"] * 3
    assert used_by(people.bob.project)["store_bytes"] == 3


@pytest.mark.django_db(transaction=True)
def test_of_many_who_start_work_on_one_subject_at_once_one_wins(people: SimpleNamespace):
    image = ImageFactory(project=people.bob.project)
    barrier, answers = threading.Barrier(6), []

    def start_one() -> None:
        barrier.wait()
        try:
            start_job(WriteFiles, image, actor=people.bob)
            answers.append("started")
        except ImsError as error:
            answers.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=start_one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == ["started"] + ["subject-busy"] * 5


def test_quota_lines_show_what_is_used_of_each_limit(start: Start, people: SimpleNamespace):
    limit(people.bob.project, images=4)
    start()

    lines = {line.resource: line for line in quota_lines(people.bob.project)}

    assert (lines["images"].used, lines["images"].limit, lines["images"].percent) == (1, 4, 25)
    assert (lines["images"].limit_text, lines["store_bytes"].limit_text) == ("4", "1 TiB")
