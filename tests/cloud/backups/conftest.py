"""Servers with real disks; most tests need no guest."""

import pytest

from imsconsole.cloud.models import Server
from tests.cloud.backups.making import write_on
from tests.cloud.servers.machines import bootable_image, order
from tests.support.workers import run_jobs


@pytest.fixture
def no_qemu(monkeypatch) -> None:
    """Servers exist with real disks; none is started."""
    monkeypatch.setattr("imsconsole.engine.local.probe.QEMU", "no-such-qemu")


@pytest.fixture
def server(people, engine, no_qemu) -> Server:
    """A stopped server with a system disk and two data disks, on each of which OLD is written."""
    image = bootable_image(people.bob, name="origin")
    image.boot_mode, image.secure_boot, image.tpm = "uefi", True, True
    image.save()
    (made,) = order(people.bob, image, data_disks_gb=(1, 2))
    run_jobs()
    made.refresh_from_db()
    assert made.status == "stopped"
    for disk in made.disks.all():
        write_on(disk, "OLD")
    return made
