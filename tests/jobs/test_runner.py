"""Running jobs: steps, errors, undoing, retrying, cancelling, and the fence."""

import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from images.models import Image
from imsconsole.core.errors import Conflict
from imsconsole.jobs.models import Job
from imsconsole.jobs.run import LeaseLost, Run
from imsconsole.jobs.runner import claim
from imsconsole.jobs.services import retry_job
from tests.jobs.kinds import CheckedFiles, WriteFiles
from tests.support.workers import finish, lapse

pytestmark = pytest.mark.django_db
Start = Callable[..., Job]


def notes(folder: Path) -> list[str]:
    return (folder / "notes").read_text().split("\n")[:-1]


def test_a_job_does_its_steps_in_order_and_keeps_their_results(start: Start, tmp_path: Path):
    job = finish(start())

    assert (job.state, job.attempt, job.deaths, job.error_code) == ("done", 1, 0, "")
    assert notes(tmp_path) == ["prepare", "write_bytes", "describe"]
    assert set(job.results) == {"prepare", "write_bytes", "describe"}
    image = Image.objects.get(pk=job.subject_id)
    assert (image.status, image.description) == ("active", job.results["write_bytes"]["file"])


def test_a_token_names_job_attempt_and_step_in_letters_the_engine_takes(start: Start):
    job = finish(start())

    assert Path(job.results["write_bytes"]["file"]).stem == f"{job.pk.hex}-1-write-bytes"


def test_an_ended_job_does_not_run_again(start: Start, tmp_path: Path):
    job = finish(finish(start()))

    assert job.attempt == 1
    assert len(notes(tmp_path)) == 3


def test_an_expected_error_is_kept_and_undone_backwards(start: Start, tmp_path: Path):
    job = finish(start(fails_in="describe", how="no-space"))

    assert (job.state, job.error_code, job.step) == ("failed", "no-space", "describe")
    assert "disk of the service is full" in job.error_sentence
    assert notes(tmp_path)[3:] == ["undo write_bytes", "undo prepare"]
    assert job.results == {}
    assert not list(tmp_path.glob("*/*"))
    assert Image.objects.get(pk=job.subject_id).status == "killed"


def test_the_log_tells_of_each_job_by_kind_id_and_subject(start: Start, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.INFO, "imsconsole.jobs"):
        job = finish(start(fails_in="describe", how="no-space"))

    name = f"Job {job.kind} {job.pk} of {job.subject_kind} {job.subject_id}"
    assert [record.getMessage() for record in caplog.records] == [
        f"{name} begins, attempt 1, by test",
        f"{name} is undone, to end as failed: no-space",
        f"{name} ended: failed",
    ]


def test_only_steps_that_began_are_undone(start: Start, tmp_path: Path):
    finish(start(fails_in="prepare", how="no-space"))

    assert notes(tmp_path) == ["prepare", "undo prepare"]


def test_an_unexpected_error_shows_a_reference_that_the_log_has(
    start: Start, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.ERROR):
        job = finish(start(fails_in="write_bytes", how="bug"))

    assert (job.state, job.error_code) == ("failed", "unexpected")
    assert job.error_values["reference"] in job.error_sentence
    assert f"reference {job.error_values['reference']}" in caplog.text
    assert "never shown" not in job.error_sentence


def test_a_retry_goes_on_from_the_failed_step_and_keeps_the_old_error(start: Start, people, tmp_path: Path):
    job = finish(start(fails_in="describe", how="no-space"))
    (tmp_path / "repaired").touch()
    retry_job(job, actor=people.bob)
    job.refresh_from_db()
    assert (job.state, job.error_code) == ("queued", "")

    finish(job)

    assert (job.state, job.attempt) == ("done", 2)
    assert [error["code"] for error in job.past_errors] == ["no-space"]
    assert job.past_errors[0]["step"] == "describe"


def test_a_step_without_undo_is_not_done_again_by_a_retry(start: Start, people, tmp_path: Path, monkeypatch):
    monkeypatch.delattr(WriteFiles, "undo_prepare")
    monkeypatch.delattr(WriteFiles, "undo_write_bytes")
    job = finish(start(fails_in="describe", how="no-space"))
    (tmp_path / "repaired").touch()

    job = finish(retry_job(job, actor=people.bob))

    assert job.state == "done"
    assert notes(tmp_path) == ["prepare", "write_bytes", "describe", "describe"]


def test_a_job_cancelled_in_the_middle_of_a_step_is_undone(start: Start, tmp_path: Path, monkeypatch):
    def cancel_soon(run: Run, step: str) -> None:
        if step == "write_bytes":
            Job.objects.filter(pk=run.job.pk).update(cancel_requested=True)

    monkeypatch.setattr(WriteFiles, "fail", staticmethod(cancel_soon))

    job = finish(start())

    assert (job.state, job.error_code) == ("cancelled", "cancelled")
    assert not list(tmp_path.glob("*/"))
    assert Image.objects.get(pk=job.subject_id).status == "killed"


def test_a_job_whose_workers_died_three_times_fails_with_a_sentence(start: Start):
    job = start()
    for _ in range(3):
        assert claim(str(job.pk), "doomed")
        lapse(job)

    finish(job)

    assert (job.state, job.error_code, job.error_values) == ("failed", "worker-killed", {"times": 3})
    assert "interrupted 3 times" in job.error_sentence


def test_an_interrupted_undo_is_continued_by_the_next_worker(start: Start, tmp_path: Path, monkeypatch):
    undo = WriteFiles.undo_write_bytes

    def die(kind: WriteFiles, run: Run) -> None:
        monkeypatch.setattr(WriteFiles, "undo_write_bytes", undo)
        raise KeyboardInterrupt

    monkeypatch.setattr(WriteFiles, "undo_write_bytes", die)
    job = start(fails_in="describe", how="no-space")
    with pytest.raises(KeyboardInterrupt):
        finish(job)
    job.refresh_from_db()
    assert (job.state, job.outcome, job.is_undoing) == ("queued", "failed", True)

    finish(job)

    assert (job.state, job.attempt, job.deaths) == ("failed", 2, 0)
    assert notes(tmp_path)[3:] == ["undo write_bytes", "undo prepare"]


def test_a_retry_does_again_what_came_after_a_step_that_was_undone(
    start: Start, tmp_path: Path, people: SimpleNamespace
):
    """Its result spoke of what is no longer there."""
    job = finish(start(CheckedFiles, fails_in="describe", how="no-space"))
    assert job.results == {}
    (tmp_path / "repaired").touch()
    assert finish(retry_job(job, actor=people.bob)).state == "done"
    assert notes(tmp_path).count("check") == 2


def test_an_undo_that_never_works_is_given_up_after_three_tries(start: Start, monkeypatch, caplog):
    def broken(kind: WriteFiles, run: Run) -> None:
        raise OSError("no such luck")

    monkeypatch.setattr(WriteFiles, "undo_write_bytes", broken)
    job = start(fails_in="describe", how="no-space")
    for _ in range(3):
        assert finish(job).state == "running"
        lapse(job)

    finish(job)

    assert (job.state, job.error_code) == ("failed", "no-space")
    assert "check_store" in caplog.text


def test_a_settle_that_fails_undoes_the_job(start: Start, tmp_path: Path, monkeypatch):
    settle = WriteFiles.settle

    def refuse_to_succeed(kind: WriteFiles, job: Job, state: str) -> None:
        settle(kind, job, state)
        if state == Job.State.DONE:
            raise Conflict

    monkeypatch.setattr(WriteFiles, "settle", refuse_to_succeed)

    job = finish(start())

    assert (job.state, job.error_code) == ("failed", "conflict")
    assert Image.objects.get(pk=job.subject_id).status == "killed"
    assert not list(tmp_path.glob("*/"))


def test_a_live_worker_keeps_its_job(start: Start):
    job = start()
    assert claim(str(job.pk), "first")

    assert claim(str(job.pk), "second") is None


def test_a_worker_that_woke_up_late_writes_nothing(start: Start):
    job = start()
    late = Run(claim(str(job.pk), "late"))
    lapse(job)
    assert claim(str(job.pk), "next")
    before = Job.objects.filter(pk=job.pk).values().get()

    with pytest.raises(LeaseLost):
        late.write(step="mine")
    with pytest.raises(LeaseLost):
        late.hold()
    with pytest.raises(LeaseLost):
        late.report(1, 2)
    with pytest.raises(LeaseLost), late.fenced():
        Image.objects.filter(pk=job.subject_id).update(description="late")
    late.renew()

    assert Job.objects.filter(pk=job.pk).values().get() == before
    assert Image.objects.get(pk=job.subject_id).description == ""


def test_progress_is_written_at_most_once_a_second_but_its_end_at_once(
    start: Start, django_assert_num_queries
):
    current = Run(claim(str(start().pk), "test"))
    current.report(1, 1000)

    with django_assert_num_queries(0):
        for done in range(2, 1000):
            current.report(done, 1000)
    current.report(1000, 1000)

    job = Job.objects.get()
    assert (job.bytes_done, job.bytes_total, job.percent) == (1000, 1000, 100)


def test_a_worker_told_to_end_gives_its_job_back_without_a_death(start: Start, monkeypatch):
    monkeypatch.setattr(WriteFiles, "describe", lambda kind, run: exit(1))
    job = start()

    with pytest.raises(SystemExit):
        finish(job)
    job.refresh_from_db()

    assert (job.state, job.deaths, job.lease_until) == ("queued", 0, None)
    assert set(job.results) == {"prepare", "write_bytes"}
