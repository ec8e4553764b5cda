"""The lab's cloud, looked at past the engine: what of ours is there, and how."""

import functools
from typing import Any

import openstack
from openstack.connection import Connection

from imsconsole.accounts.models import Region
from imsconsole.cloud.engines import cloud_in, engine_for
from imsconsole.cloud.models import Disk, Server
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
    """What has the mark of a console or of one of its regions, by kind. An image that was made of one of ours inherits its marks, and is none."""
    there = things(connected(cloud))
    return {
        kind: [
            each
            for each in there[kind]
            if f"{(mark := mark_of(each)).get(marks.CONSOLE)}-".startswith(f"{console}-")
            and mark.get(marks.IMAGE, each.id) == each.id
        ]
        for kind in KINDS
    }


def counted(region: str, cloud: str = OURS) -> dict[str, int]:
    """How many of each kind are ours; those of which there is none are left out."""
    return {kind: len(found) for kind, found in ours(region, cloud).items() if found}


def everywhere(region: str) -> dict[str, list[Any]]:
    """The same of all places of the region, those of accounts too."""
    places = [ours(region, cloud) for cloud in (OURS, OTHER)]
    return {kind: [each for there in places for each in there[kind]] for kind in KINDS}


def assert_nothing_is_left(region: str) -> None:
    assert not any(everywhere(region).values())


def assert_at_rest(region: str) -> None:
    """No machine of ours is paused or in error, no volume is on its way somewhere, nothing is left of a capture."""
    there = everywhere(region)
    assert {each.status for each in there["machines"]} <= {"ACTIVE", "SHUTOFF"}
    assert {each.status for each in there["volumes"]} <= {"available", "in-use"}
    assert {each.status for each in there["images"]} <= {"active"}
    assert there["snapshots"] == []


def assert_in_place(region: str) -> set[tuple[str, str]]:
    """Each thing is where its account is, images where the region is, and nobody has borrowed one any more.

    Which kinds of things there are, each with its place.
    """
    if not (own := Region.objects.get(pk=region).cloud):
        return set()
    rows = [row for kind in (Server, Disk) for row in kind.objects.select_related("project")]  # type: ignore[attr-defined]
    homes = {str(row.pk): cloud_in(row.project) or own for row in rows if row.project.region_id == region}
    found = set()
    for cloud in (OURS, OTHER):
        for kind, there in ours(region, cloud).items():
            for thing in there:
                is_image = kind == "images"
                assert cloud == (own if is_image else homes[mark_of(thing)["ims_id"]]), thing
                assert not (is_image and borrowers(cloud, thing)), thing
                found.add((cloud, kind))
    return found


def borrowers(cloud: str, image: Any) -> list[str]:
    """The projects that may use an image of that one."""
    members = connected(cloud).image.members(image.id) if image.visibility == "shared" else ()
    return [str(each.member_id) for each in members]
