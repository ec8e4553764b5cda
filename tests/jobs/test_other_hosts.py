"""What a worker left among its own files is not there for a worker of another host: that step is done anew."""

import pytest
from django.test import override_settings

from images.create.from_object.jobs import TakeObject
from images.create.jobs import ImportImage
from images.download.jobs import PrepareDownload
from images.export.jobs import ExportImage
from images.fetch.jobs import FetchFile
from images.public.jobs import FetchPublicImage
from imsconsole.jobs.files import work_dir
from imsconsole.jobs.kinds import JobKind
from imsconsole.jobs.models import Job
from imsconsole.jobs.runner import run_job
from tests.cloud.conftest import engine  # noqa: F401
from tests.house.test_faults import works  # noqa: F401
from tests.images.public.conftest import publisher  # noqa: F401
from tests.support.faults import Crash
from tests.support.workers import finish, lapse
from tests.support.works import Works, all_kinds, assert_nothing_is_lost

pytestmark = [pytest.mark.django_db, pytest.mark.slow(reason="work of a kind is done twice")]
KINDS: tuple[type[JobKind], ...] = (
    ImportImage,
    ExportImage,
    PrepareDownload,
    TakeObject,
    FetchFile,
    FetchPublicImage,
)


def test_every_kind_that_leaves_files_is_tried() -> None:
    assert {kind for kind in all_kinds() if kind.scrap} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_worker_of_another_host_ends_it(works: Works, kind: type[JobKind], monkeypatch) -> None:  # noqa: F811
    ((step, needed_by),) = kind.scrap.items()
    job = begun_until(works.begin(kind), kind, needed_by, monkeypatch)
    assert step in job.results
    assert needed_by not in job.results
    for path in work_dir().glob("*"):
        path.unlink()
    lapse(job)
    assert finish(job).state == Job.State.DONE, job.error_sentence
    assert job.attempt == 2
    assert_nothing_is_lost(job)
    assert list(work_dir().glob("*")) == []


def begun_until(job: Job, kind: type[JobKind], step: str, monkeypatch: pytest.MonkeyPatch) -> Job:
    """Its worker is gone before this step."""

    def crash(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as patch, override_settings(IMS_JOB_LEASE_S=600):
        patch.setattr(kind, step, crash)
        with pytest.raises(Crash):
            run_job(str(job.pk), "elsewhere")
    job.refresh_from_db()
    return job
