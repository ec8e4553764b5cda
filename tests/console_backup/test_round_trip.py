"""A host is filled, backed up while its guests run, gone, and restored elsewhere: the same rows, the same bytes, and its servers start."""

import os
from pathlib import Path

import pytest
from django.conf import settings

from images.models import Image
from images.mount.services import mount_iso
from imsconsole.cloud.models import BytesUse, StoredBytes
from imsconsole.console_backup.manifest import files_of
from imsconsole.console_backup.where import place_at
from imsconsole.engine.api import Engine
from tests import factories
from tests.cloud.servers.machines import (
    REGION,
    bootable_image,
    iso_image,
    running_server,
    stored_image,
)
from tests.console_backup.hosts import Host, empty_host, newest
from tests.console_backup.making import backed_up
from tests.engine.guests import COUNTED, TestWork, counters, counting_disk, wait_until
from tests.support.workers import run_jobs

pytestmark = pytest.mark.django_db(transaction=True)
SYSTEM, LATER, DATA = COUNTED
START = """
import time
from imsconsole.accounts.actor import service_actor
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import Server
from imsconsole.cloud.servers.services import start_server
from imsconsole.engine.types import Unwatched
from imsconsole.jobs.models import Job
from imsconsole.jobs.runner import run_job
from tests.engine.test_local_tray import in_tray
for pk, word in {words!r}.items():
    server = Server.objects.get(pk=pk)
    assert (server.status, server.status_code) == ("stopped", "restored"), (server.status, server.status_code)
    start_server(server, actor=service_actor(server.project))
    run_job(str(Job.objects.live().about(server.pk).get().pk), "test")
    server.refresh_from_db()
    assert server.status == "running", server.status_sentence
    engine = engine_for(server.project.region_id)
    try:
        deadline = time.monotonic() + 120
        while word not in engine.console_log(server.ref):
            assert time.monotonic() < deadline, engine.console_log(server.ref)
            time.sleep(0.1)
        print("SAID", word, in_tray(engine, server))
    finally:
        engine.stop(server.ref, graceful_s=0, work=Unwatched())
"""


def same_bytes(host: Host) -> int:
    """How many stored files there are there as here, bit for bit."""
    refs = list(StoredBytes.objects.values_list("region", "ref"))
    for region, ref in refs:
        here = Path(settings.DATA_DIR, "regions", region, "images", ref)
        assert host.path(region, f"images/{ref}").read_bytes() == here.read_bytes()
    return len(refs)


@pytest.mark.slow(reason="guests run here and on a host that is restored, one of them by UEFI")
@pytest.mark.guest
def test_servers_come_back_stopped_and_start_with_what_was_on_their_disks_and_beside(
    people, engine, tmp_path
) -> None:
    """Beside: trays, also of an ISO whose image is gone; the variables of UEFI; what a TPM keeps."""
    key = factories.KeyFactory(project=people.bob.project)
    secret = running_server(people.bob, image=bootable_image(people.bob, word="SECRET GUEST", key=key))
    halts = running_server(people.bob, image=bootable_image(people.bob, boot_mode="uefi", tpm=True))
    counts = running_server(  # last, as it never rests
        people.bob, image=stored_image(people.bob, counting_disk(tmp_path / "disk.raw")), data_disks_gb=(1,)
    )
    stays, gone = iso_image(people.bob), iso_image(people.bob, word="SOME OTHER CD")
    sizes = [image.disks.get().size_bytes for image in (stays, gone)]
    for server, image in ((halts, stays), (counts, gone)):
        mount_iso(server, image=image, actor=people.bob)
        run_jobs()
        server.refresh_from_db()
        assert server.iso == image
    engine.stop(halts.ref, graceful_s=0, work=TestWork())
    forget(gone, engine)
    system, data = counts.disks.order_by("index")
    here = Path(settings.DATA_DIR, "regions", REGION)
    with (here / "servers" / halts.disks.get().ref / "vars.fd").open("r+b") as variables:
        variables.seek(-1, os.SEEK_END)
        variables.write(b"!")  # as its firmware changes them, in seconds
    wait_until(lambda: counters(here / "disks" / data.ref, DATA) > [3])

    job = backed_up(tmp_path / "b")

    assert job.results["back_up"]["warnings"] == []
    now_written = counters(here / "disks" / data.ref, DATA)[0]
    wait_until(lambda: counters(here / "disks" / data.ref, DATA)[0] > now_written)  # the guest went on
    names = [file.name for file in files_of(place_at(str(tmp_path / "b")), newest(tmp_path / "b").name)]
    still = [name for name in names if name.startswith(f"servers/{halts.ref}/")]
    assert {name.rpartition("/")[2] for name in still} >= {
        "tray.iso", "vars.fd", "tpm2-00.permall", "disk.qcow2",
    }  # fmt: skip
    tray = f"servers/{counts.ref}/tray.iso"
    kept = {name: (here / name).read_bytes() for name in [*still, tray]}
    for server in (counts, secret):
        engine.stop(server.ref, graceful_s=0, work=TestWork())
    with empty_host() as host:
        said = host.does("restore", str(tmp_path / "b"), "--master-key", str(settings.MASTER_KEY_FILE))
        assert "check_store finds no difference" in said
        assert same_bytes(host) == 4
        for name, content in kept.items():
            assert host.path(REGION, name).read_bytes() == content, name
        iso = host.path(REGION, f"images/{stays.disks.get().ref}")
        assert host.path(REGION, f"servers/{halts.ref}/tray.iso").samefile(iso)
        folder = host.path(REGION, f"servers/{system.ref}")
        assert (folder / "base.qcow2").samefile(host.path(REGION, f"images/{counts.image.disks.get().ref}"))
        first, second = counters(folder / "disk.qcow2", SYSTEM, LATER)
        (third,) = counters(host.path(REGION, f"disks/{data.ref}"), DATA)
        assert (
            0 < third <= second <= first <= third + 1
        )  # of one instant: each number goes to one after the other
        assert first <= now_written + 1
        words = {
            str(halts.pk): "",  # QEMU took it: what its firmware finds is what it was
            str(counts.pk): "COUNTING",
            str(secret.pk): "SECRET GUEST",
        }
        assert host.python(START.format(words=words)).splitlines() == [
            f"SAID  {sizes[0]}", f"SAID COUNTING {sizes[1]}", "SAID SECRET GUEST 0",
        ]  # fmt: skip


def forget(image: Image, engine: Engine) -> None:
    """Its bytes are nobody's any more."""
    stored = image.disks.get().stored
    image.disks.update(stored=None)
    BytesUse.objects.filter(stored=stored).delete()
    engine.delete(stored.ref, work=TestWork())
    stored.delete()
