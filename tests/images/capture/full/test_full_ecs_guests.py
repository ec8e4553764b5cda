"""A running guest is captured whole: what its disks hold is of one instant, and it goes on."""

import pytest

from images.capture.full.services import capture_full
from images.verify.store_check import differences
from imsconsole.cloud.backups.services import restore_backup
from imsconsole.cloud.engines import console_of
from imsconsole.cloud.models import Server
from tests import factories
from tests.cloud.conftest import _short_stop, engine  # noqa: F401
from tests.cloud.servers.machines import order, running_server, stored_image
from tests.engine.guests import COUNTED, counters, counting_disk, wait_until
from tests.support.workers import run_jobs

pytestmark = [pytest.mark.guest, pytest.mark.django_db]
SYSTEM, SYSTEM_LATER, DATA = COUNTED  # where the guest writes each number, in this order


def written(engine, server: Server) -> int:  # noqa: F811
    """How far the guest is: the number on its data disk."""
    disk = server.disks.get(index=1)
    return counters(engine._store.disk(disk.ref), DATA)[0]


def test_no_data_disk_is_newer_than_the_system_disk_and_the_guest_goes_on(people, engine, tmp_path):  # noqa: F811
    counting = stored_image(people.bob, counting_disk(tmp_path / "disk.raw"))
    server = running_server(people.bob, image=counting, data_disks_gb=(1,))
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
