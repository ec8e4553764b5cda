"""Real images, servers and guests of the tests' region."""

import os
import tempfile
from pathlib import Path
from typing import Any

from images.fields.encryption import key_of
from images.launch.services import create_servers
from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import Flavor, RegionReport, Server
from imsconsole.engine.types import MIB, FileSource, Kind
from tests import factories
from tests.engine.guests import TestWork, answering_disk, dead_disk, tiny_cd, tiny_disk, tiny_uefi_disk
from tests.support.workers import run_jobs

REGION = "cn-north-4"
WORD = "TINY GUEST"


def tiny_flavor() -> Flavor:
    return factories.FlavorFactory(name="t6-tiny-1", series="t6", memory_mb=64)


def arm_flavor() -> Flavor:
    """Of Arm servers, which the region's host said it can run."""
    report = RegionReport.objects.get(pk=REGION)
    report.can["architectures"] = ["arm", "x86"]
    report.save()
    return factories.FlavorFactory(name="kt6-tiny-1", series="kt6", memory_mb=64, architecture="arm")


def bootable_image(
    actor: Actor,
    *,
    end: str = "halt",
    word: str = WORD,
    size_bytes: int = 4 * MIB,
    noise_bytes: int = 4 * MIB,
    **fields: Any,
) -> Image:
    """A private image whose disk says `word` on the serial port and halts (or ends QEMU: `reset`).

    With an empty word its boot sector holds no code at all. `boot_mode="uefi"` makes one that boots so.
    What is over 4 MiB, or `noise_bytes`, is empty.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "disk.raw")
        if not word:
            dead_disk(path)
        elif fields.get("boot_mode") == "uefi":
            tiny_uefi_disk(path, word)
        else:
            tiny_disk(path, word, end=end, size_bytes=noise_bytes)
        os.truncate(path, max(size_bytes, noise_bytes))
        return stored_image(actor, path, **fields)


def answering_image(actor: Actor) -> Image:
    """One whose system says HAL on the serial port and answers what is typed there (`answering_disk`)."""
    with tempfile.TemporaryDirectory() as folder:
        return stored_image(actor, answering_disk(Path(folder, "disk.raw")))


def stored_image(actor: Actor, path: Path, **fields: Any) -> Image:
    """A private image of a raw disk."""
    image = factories.ImageFactory(**{"project": actor.project, "os_version": None, **fields})
    disk = factories.ImageDiskFactory(image=image)
    stored = engine_for(REGION).ingest(
        disk.pk, FileSource(path), format="raw", work=TestWork(), key=key_of(image)
    )
    factories.give_bytes(disk, stored)
    return image


def iso_image(actor: Actor, *, word: str = WORD, path: Path | None = None, **fields: Any) -> Image:
    """A private ISO image whose CD says `word` on the serial port, or that of `path`."""
    image = factories.ImageFactory(project=actor.project, os_version=None, type="iso", **fields)
    disk = factories.ImageDiskFactory(image=image, format="iso")
    with tempfile.TemporaryDirectory() as folder:
        source = path or tiny_cd(Path(folder, "cd.iso"), word)
        stored = engine_for(REGION).ingest(disk.pk, FileSource(source), format="iso", work=TestWork())
    factories.give_bytes(disk, stored)
    return image


def order(actor: Actor, image: Image | None = None, **wanted: Any) -> list[Server]:
    """Servers as the service makes them; their jobs still wait."""
    wanted = {"name": "web", "flavor": tiny_flavor(), "user_data": "#!/bin/sh\n", **wanted}
    return create_servers(actor=actor, image=image or bootable_image(actor), **wanted)


def running_server(actor: Actor, **wanted: Any) -> Server:
    """A server whose guest runs."""
    (server,) = order(actor, **wanted)
    run_jobs()
    server.refresh_from_db()
    assert server.status == "running", (server.status, server.status_sentence)
    return server


def files_of(server: Server) -> list[str]:
    """What the engine holds under the IDs of a server and of its disks, living or gone."""
    engine = engine_for(REGION)
    disks = [ref for disk in server.disks.all() for ref in engine.find(Kind.DISK, disk.pk)]
    ids = [str(server.pk), *(str(disk.pk) for disk in server.disks.all())]
    scraps = [name for name in engine.inventory().scraps if any(each in name for each in ids)]
    return sorted({*engine.find(Kind.SERVER, server.pk), *disks, *scraps})
