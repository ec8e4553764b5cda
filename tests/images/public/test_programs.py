"""Programs that build images end when they should, and say why they could not."""

import time
from pathlib import Path

import pytest

from images.public.programs import CannotBuildError, run_long_program, run_program


class Stop(Exception):
    """What a job's report raises when it was cancelled."""


def test_the_last_words_of_a_program_that_failed_are_said(tmp_path: Path) -> None:
    with pytest.raises(CannotBuildError, match="sh: no mirror"):
        run_program(["sh", "-c", "echo no mirror >&2; exit 3"], tmp_path)
    with pytest.raises(CannotBuildError, match="sh: no mirror"):
        run_long_program(["sh", "-c", "echo no mirror >&2; exit 3"], tmp_path, beat=lambda: None, limit_s=60)


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    for run in (run_program, lambda *args: run_long_program(*args, beat=lambda: None, limit_s=60)):
        with pytest.raises(CannotBuildError, match="no-such-program is not installed"):
            run(["no-such-program"], tmp_path)


@pytest.mark.slow(reason="a program runs until it is cancelled")
def test_a_long_program_ends_with_all_it_started_when_its_work_is_cancelled(tmp_path: Path) -> None:
    def cancelled() -> None:
        if (tmp_path / "child").exists():
            raise Stop

    script = "sleep 1000 & echo $! > child; wait"
    with pytest.raises(Stop):
        run_long_program(["sh", "-c", script], tmp_path, beat=cancelled, limit_s=60)
    child = Path("/proc", (tmp_path / "child").read_text().strip())
    while child.exists() and child.joinpath("stat").read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)


@pytest.mark.slow(reason="a program runs until its time is over")
def test_a_long_program_ends_when_its_time_is_over(tmp_path: Path) -> None:
    with pytest.raises(CannotBuildError, match="too long"):
        run_long_program(["sleep", "1000"], tmp_path, beat=lambda: None, limit_s=0.1)
