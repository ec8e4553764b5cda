"""A running guest is captured whole: what its disks hold is of one instant, and it goes on."""

import tempfile
from pathlib import Path

import pytest

from images.models import Image
from images.services.full_ecs import capture_full
from images.store_check import differences
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.backups.services import restore_backup
from imsconsole.cloud.engines import console_of, engine_for
from imsconsole.cloud.models import Server
from imsconsole.engine.types import FileSource
from tests import factories
from tests.cloud.conftest import _short_stop, engine  # noqa: F401
from tests.cloud.machines import REGION, order, running_server
from tests.engine.guests import COUNTED, TestWork, counters, counting_disk, wait_until
from tests.support.workers import run_jobs

pytestmark = [pytest.mark.guest, pytest.mark.django_db]
SYSTEM, SYSTEM_LATER, DATA = COUNTED  # where the guest writes each number, in this order


def counting_image(actor: Actor) -> Image:
    image = factories.ImageFactory(project=actor.project, os_version=None)
    disk = factories.ImageDiskFactory(image=image)
    with tempfile.TemporaryDirectory() as folder:
        source = FileSource(counting_disk(Path(folder, "disk.raw")))
        stored = engine_for(REGION).ingest(disk.pk, source, format="raw", work=TestWork())
    disk.ref, disk.sha256, disk.size_bytes = stored.ref, stored.sha256, stored.size_bytes
    disk.save()
    return image


def written(engine, server: Server) -> int:  # noqa: F811
    """How far the guest is: the number on its data disk."""
    disk = server.disks.get(index=1)
    return counters(engine._store.disk(disk.ref), DATA)[0]


def test_no_data_disk_is_newer_than_the_system_disk_and_the_guest_goes_on(people, engine):  # noqa: F811
    server = running_server(people.bob, image=counting_image(people.bob), data_disks_gb=(1,))
    wait_until(lambda: written(engine, server) > 20)
    vault = factories.VaultFactory(project=people.bob.project)
    image = capture_full(server, vault=vault, name="whole", actor=people.bob)
    run_jobs()
    image.refresh_from_db()
    assert (image.status, image.backup.status) == ("active", "available"), image.error_sentence
    system, data = (engine._store.stored(disk.ref) for disk in image.disks.order_by("index"))
    first, later = counters(system, SYSTEM, SYSTEM_LATER)
    (last,) = counters(data, DATA)
    assert 20 < last <= later <= first <= last + 1, "a prefix of what the guest wrote, on both disks"
    server.refresh_from_db()
    assert server.status == "running"
    wait_until(lambda: written(engine, server) > first)

    (copy,) = order(people.bob, image, name="copy", data_disks_gb=(1,))
    run_jobs()
    copy.refresh_from_db()
    assert copy.status == "running", copy.status_sentence
    wait_until(lambda: "COUNTING" in console_of(copy))
    wait_until(lambda: written(engine, copy) > 0)

    restore_backup(image.backup, stop_first=True, actor=people.bob)
    run_jobs()
    server.refresh_from_db()
    assert server.status == "running", server.status_sentence
    wait_until(lambda: console_of(server).count("COUNTING") == 2)
    assert list(differences()) == []
