"""A worker loses its connection to the database, at each statement of a job: the job ends well, and nothing is left over."""

from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from images.models import Image
from imsconsole.core.disconnection import disconnection_said
from imsconsole.core.errors import Disconnected
from imsconsole.jobs.models import Job
from tests.support.disconnection import lost_connection
from tests.support.workers import finish, lapse

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow(reason="a job is done anew for each of its statements"),
]


def end(job: Job) -> Job:
    """As workers do: who loses the connection dies, and another takes the job up."""
    for _ in range(5):
        job.refresh_from_db()
        if not job.is_live:
            break
        lapse(job)
        finish(job)
    return job


@pytest.mark.parametrize("how", [{}, {"fails_in": "describe", "how": "no-space"}], ids=["done", "undone"])
def test_a_job_ends_well_wherever_its_worker_loses_the_database(
    start: Callable[..., Job], tmp_path: Path, how: dict[str, str]
) -> None:
    for at in count():
        job = start(**how)
        with lost_connection(at) as fault, suppress(Disconnected), disconnection_said():
            finish(job)
        end(job)
        ended = (job.state, job.error_code) == (("failed", "no-space") if how else ("done", ""))
        assert ended, f"at {at}: {job.state} {job.error_code}"
        assert Image.objects.get(pk=job.subject_id).status == ("killed" if how else "active")
        assert len(list(tmp_path.glob("*/*"))) == (0 if how else 1), f"at {at}"
        assert not list(tmp_path.glob("*/*.tmp"))
        if not fault.happened:
            break
        for folder in tmp_path.glob("*/"):
            for path in folder.iterdir():
                path.unlink()
    assert at > 20
