"""Workers that are killed or stopped at every point of a job."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from images.models import Image
from imsconsole.jobs.models import Job
from tests.jobs.kinds import WriteFiles
from tests.support.workers import kill_at_every_step


@pytest.mark.slow(reason="a worker is killed or stopped at every point of the job, both ways")
@pytest.mark.django_db(transaction=True)
def test_a_job_ends_well_however_its_worker_dies(start: Callable[..., Job], tmp_path: Path):
    def check(job: Job) -> None:
        image = Image.objects.get(pk=job.subject_id)
        files = sorted(tmp_path.glob("*/*"))
        if job.state == Job.State.DONE:
            assert [str(path) for path in files] == [image.description]
            assert image.status == "active"
        else:
            assert image.status == "killed"
        assert len(files) == len([path for path in tmp_path.iterdir() if path.is_dir()])

    def clear(_job: Job) -> None:
        for path in tmp_path.iterdir():
            if path.is_dir():
                shutil.rmtree(path)

    def begin() -> Job:
        return start(reserves={"store_bytes": 4096})

    points = kill_at_every_step(WriteFiles, begin, check, clear, both_ways=True)

    assert {point.split(":")[1] for point in points} == {"prepare", "write_bytes", "describe"}
    assert any(point.startswith("undo:") for point in points)
