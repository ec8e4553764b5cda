"""What is mounted survives every death of a worker: the machine has what the row says."""

import pytest

from images.mount.services import mount_iso
from images.verify.store_check import differences
from imsconsole.cloud.models import Server
from imsconsole.cloud.tray.jobs import EjectIso, MountIso
from imsconsole.cloud.tray.services import eject_iso
from imsconsole.jobs.models import Job
from tests.cloud.conftest import engine  # noqa: F401
from tests.cloud.servers.machines import iso_image, running_server
from tests.engine.test_local_tray import in_tray
from tests.support.workers import kill_at_every_step, run_jobs

pytestmark = [
    pytest.mark.slow(reason="a new worker dies at every point"),
    pytest.mark.guest,
    pytest.mark.django_db(transaction=True),
]


def test_an_iso_is_mounted_and_ejected(people, engine) -> None:  # noqa: F811
    image, server = iso_image(people.bob), running_server(people.bob)
    size = image.disks.get().size_bytes

    def mount() -> Job:
        mount_iso(server, image=image, actor=people.bob)
        return Job.objects.live().about(server.pk).get()

    def eject() -> Job:
        mount()
        run_jobs()
        eject_iso(server, actor=people.bob)
        return Job.objects.live().about(server.pk).get()

    def check(job: Job) -> None:
        there = Server.objects.get(pk=server.pk)
        is_mounted = job.kind == MountIso.kind
        assert (there.status, there.task, there.iso) == ("running", "", image if is_mounted else None)
        assert in_tray(engine, server) == (size if is_mounted else 0)
        assert list(differences()) == []

    kill_at_every_step(MountIso, mount, check, undo=False)
    kill_at_every_step(EjectIso, eject, check, undo=False)
