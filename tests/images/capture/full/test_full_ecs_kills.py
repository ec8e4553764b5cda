"""Whenever a worker dies, a full-ECS image is whole with its backup, or there is neither."""

import pytest

from images.capture.full.jobs import CaptureFull, MakeOfBackup
from images.capture.full.services import capture_full, make_of_backup
from images.models import Image
from images.verify.store_check import differences
from imsconsole.cloud.models import Server
from imsconsole.jobs.models import Job
from tests.cloud.backups.conftest import no_qemu, server  # noqa: F401
from tests.cloud.backups.making import read_stored, stored_backup
from tests.cloud.conftest import engine  # noqa: F401
from tests.factories import VaultFactory
from tests.support.workers import kill_at_every_step

pytestmark = [
    pytest.mark.slow(reason="a new worker dies at every point"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("on_each_engine"),
]
_count = iter(range(10_000))


def image_of(job: Job) -> Image:
    image = Image.objects.get(pk=job.subject_id)
    assert image.status == ("active" if job.state == "done" else "killed")
    assert bool(image.disks.exists()) == (job.state == "done")
    assert list(differences()) == []
    return image


def test_of_a_server(people, server):  # noqa: F811
    vault = VaultFactory(project=people.bob.project, capacity_gb=1000)

    def begin() -> Job:
        name = f"whole-{next(_count)}"
        image = capture_full(server, vault=vault, name=name, actor=people.bob)
        return Job.objects.live().about(image.pk).get()

    def check(job: Job) -> None:
        image = image_of(job)
        assert image.backup.status == ("available" if job.state == "done" else "failed")
        words = [read_stored(disk.ref) for disk in image.disks.all()]
        assert words == (["OLD"] * 3 if job.state == "done" else [])
        assert Server.objects.get(pk=server.pk).task == ""

    kill_at_every_step(CaptureFull, begin, check, own="do:publish|undo:")  # the rest is a backup's


def test_of_a_backup(people, engine):  # noqa: F811
    def begin() -> Job:
        backup = stored_backup(people.bob)
        image = make_of_backup(backup, name=f"whole-{next(_count)}", actor=people.bob)
        return Job.objects.live().about(image.pk).get()

    def check(job: Job) -> None:
        assert image_of(job).backup.status == "available"

    kill_at_every_step(MakeOfBackup, begin, check)
