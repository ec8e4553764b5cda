"""The lab's cloud, looked at past the engine: what of ours is there, and how."""

import functools
from typing import Any

import openstack
from openstack.connection import Connection

from imsconsole.cloud.engines import engine_for
from imsconsole.engine.openstack import marks
from tests.openstack.regions import OTHER, OURS

__all__ = ["OTHER", "OURS"]
KINDS = ("images", "volumes", "snapshots", "ports", "machines")


@functools.cache
def connected(cloud: str = OURS) -> Connection:
    return openstack.connect(cloud=cloud, app_name="ims-console-tests")


def things(cloud: Connection) -> dict[str, list[Any]]:
    """All that the project has, by kind."""
    me = cloud.current_project_id
    return {
        "images": [each for each in cloud.image.images() if each.owner == me],
        "volumes": list(cloud.block_storage.volumes(details=True)),
        "snapshots": list(cloud.block_storage.snapshots(details=True)),
        "ports": [each for each in cloud.network.ports() if each.project_id == me],
        "machines": list(cloud.compute.servers(details=True)),
    }


def mark_of(thing: Any) -> dict[str, str]:
    """The metadata by which a console knows its own; a port's are words of its description."""
    found = {**(getattr(thing, "metadata", None) or {}), **(getattr(thing, "properties", None) or {})}
    pairs = [word.partition("=") for word in (getattr(thing, "description", None) or "").split()]
    return {**found, **{name: value for name, equals, value in pairs if equals}}


def ours(region: str, cloud: str = OURS) -> dict[str, list[Any]]:
    """What has the mark of the region's engine, by kind."""
    return marked_by(engine_for(region).cloud.settings.console, cloud)  # type: ignore[attr-defined]


def marked_by(console: str, cloud: str = OURS) -> dict[str, list[Any]]:
    """What has the mark of a console, by kind. An image that was made of one of ours inherits its marks, and is none."""
    there = things(connected(cloud))
    return {
        kind: [
            each
            for each in there[kind]
            if (mark := mark_of(each)).get(marks.CONSOLE) == console
            and mark.get(marks.IMAGE, each.id) == each.id
        ]
        for kind in KINDS
    }


def counted(region: str, cloud: str = OURS) -> dict[str, int]:
    """How many of each kind are ours; those of which there is none are left out."""
    return {kind: len(found) for kind, found in ours(region, cloud).items() if found}


def assert_at_rest(region: str, cloud: str = OURS) -> None:
    """No machine of ours is paused or in error, no volume is on its way somewhere, nothing is left of a capture."""
    there = ours(region, cloud)
    assert {each.status for each in there["machines"]} <= {"ACTIVE", "SHUTOFF"}
    assert {each.status for each in there["volumes"]} <= {"available", "in-use"}
    assert {each.status for each in there["images"]} <= {"active"}
    assert there["snapshots"] == []
