"""Disks without a server, as rows and with their bytes."""

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.disks.services import create_disk
from imsconsole.cloud.models import Disk, Key
from tests.factories import DiskFactory, ZoneFactory
from tests.support.workers import run_jobs


def free_disk(actor: Actor, **fields) -> Disk:
    """The row of an available data disk."""
    zone = fields.pop("zone", None) or ZoneFactory(region=actor.region)
    plain = {"server": None, "project": actor.project, "zone": zone, "role": "data", "status": "available"}
    return DiskFactory(**{**plain, "ref": "none", **fields})


def blank_disk(actor: Actor, *, name: str = "data", size_gb: int = 1, key: Key | None = None) -> Disk:
    """A data disk that was created."""
    disk = create_disk(name=name, size_gb=size_gb, zone=actor.region.zones.first(), key=key, actor=actor)
    run_jobs()
    disk.refresh_from_db()
    assert disk.status == "available"
    return disk
