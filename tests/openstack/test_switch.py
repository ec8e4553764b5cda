"""Another system for a server of a cloud, and the former one again: its guests say what stays."""

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from openstack.connection import Connection

from imsconsole.core.errors import Conflict
from imsconsole.engine.openstack import OpenStackEngine
from imsconsole.engine.types import GIB, MIB, DiskSpec, Kind, ServerSpec
from tests.engine.guests import TestWork, server_spec, stored_image, wait_for
from tests.openstack.guests import lines_of, stored_guest
from tests.openstack.interruptions import ENDINGS, points_of
from tests.openstack.test_servers import Made

pytestmark = [
    pytest.mark.cloud,
    pytest.mark.guest,
    pytest.mark.slow(reason="a cloud is asked, and one waits for it"),
]


def said_by(engine: OpenStackEngine, server: ServerSpec) -> dict[str, str]:
    """Start it, let its system say what it has, and stop it."""
    wait_for(engine, engine.start(server, work=TestWork()).ref, "IMS-GUEST ready")
    said = lines_of(engine.console_log(server.ref))
    engine.stop(server.ref, graceful_s=0, work=TestWork())
    return said


def test_mac_address_and_data_stay_when_the_system_changes_and_comes_back(
    cloud_engine: OpenStackEngine, guest_cache: Path, place: Path
) -> None:
    old, new = (
        stored_guest(cloud_engine, guest_cache, place, f"Cloud guest{name}") for name in ("", " of another")
    )
    data = DiskSpec(uuid4(), cloud_engine.create_disk(uuid4(), GIB, work=TestWork()), 1, GIB)
    spec = server_spec(memory_mb=256)
    spec = replace(spec, disks=(*spec.disks, data))
    server = cloud_engine.create_server(spec, old.ref, work=TestWork())
    first = said_by(cloud_engine, server)
    incoming = DiskSpec(uuid4(), "", 0, GIB)
    changed = cloud_engine.switch_system_disk(server, incoming, new.ref, work=TestWork())
    second = said_by(cloud_engine, changed)
    undone = cloud_engine.switch_system_disk(changed, server.disks[0], work=TestWork())
    third = said_by(cloud_engine, undone)
    assert [each["identity"].partition(" kernel")[0] for each in (first, second, third)] == [
        "Cloud guest",
        "Cloud guest of another",
        "Cloud guest",
    ]
    for name in ("mac", "address", "vdb marker"):
        assert first[name] == second[name] == third[name], name
    assert first["vdb marker"] == f"IMS-MARKER {first['instance-id']}"
    assert (first["mac"], first["address"]) == (server.mac, server.private_ip)
    assert server.ref == changed.ref == undone.ref
    assert undone.disks == server.disks


@pytest.mark.thorough
@pytest.mark.parametrize("ended_at", ENDINGS)
def test_whatever_ends_a_switch_the_next_one_ends_with_one_machine_and_both_systems(
    cloud_engine: OpenStackEngine, demo: Connection, place: Path, ended_at
) -> None:
    old, new = (
        stored_image(cloud_engine, place, "OLD SYSTEM"),
        stored_image(cloud_engine, place, "NEW SYSTEM"),
    )

    def switched(work: TestWork) -> ServerSpec:
        return cloud_engine.switch_system_disk(server, incoming, new.ref, work=work)

    def prepared() -> ServerSpec:
        made = cloud_engine.create_server(server_spec(), old.ref, work=TestWork())
        made = cloud_engine.start(made, work=TestWork())
        cloud_engine.stop(made.ref, graceful_s=0, work=TestWork())
        return made

    server, incoming = prepared(), DiskSpec(uuid4(), "", 0, GIB)
    points = points_of(switched)
    for point in points:
        cloud_engine.discard([server.id], "t", work=TestWork())
        server, incoming = prepared(), DiskSpec(uuid4(), "", 0, GIB)
        ended_at(switched, point)
        changed = switched(TestWork())
        wait_for(cloud_engine, cloud_engine.start(changed, work=TestWork()).ref, "NEW SYSTEM")
        assert Made(demo, server).counts == (1, 1, 2), point
        assert cloud_engine.inventory().disks == {server.disks[0].ref, changed.disks[0].ref}, point


@pytest.mark.parametrize("ended_at", ENDINGS)
def test_whatever_ends_a_switch_the_former_system_can_be_had_back(
    cloud_engine: OpenStackEngine, demo: Connection, place: Path, ended_at
) -> None:
    old, new = (
        stored_image(cloud_engine, place, "OLD SYSTEM"),
        stored_image(cloud_engine, place, "NEW SYSTEM"),
    )

    def switched(work: TestWork) -> ServerSpec:
        return cloud_engine.switch_system_disk(server, incoming, new.ref, work=work)

    server = cloud_engine.create_server(server_spec(), old.ref, work=TestWork())
    for number, point in enumerate(_points(cloud_engine, place)):
        incoming = DiskSpec(uuid4(), "", 0, GIB)
        ended_at(switched, point)
        back = cloud_engine.switch_system_disk(server, server.disks[0], work=TestWork())
        cloud_engine.discard([incoming.id], "t", server=server.id, work=TestWork())
        assert back.disks == server.disks
        assert Made(demo, server).counts == (0, 1, 1), (number, point)
        assert cloud_engine.find(Kind.DISK, incoming.id) == ()
    wait_for(cloud_engine, cloud_engine.start(back, work=TestWork()).ref, "OLD SYSTEM")


def _points(engine: OpenStackEngine, place: Path):
    image = stored_image(engine, place)
    server = engine.create_server(server_spec(), image.ref, work=TestWork())
    points = points_of(
        lambda work: engine.switch_system_disk(server, DiskSpec(uuid4(), "", 0, GIB), image.ref, work=work)
    )
    engine.discard([server.id], "t", work=TestWork())
    return points


def test_a_kept_system_stays_when_its_server_is_deleted_and_goes_by_itself(
    cloud_engine: OpenStackEngine, place: Path
) -> None:
    image = stored_image(cloud_engine, place)
    server = cloud_engine.create_server(server_spec(), image.ref, work=TestWork())
    incoming = DiskSpec(uuid4(), "", 0, GIB)
    changed = cloud_engine.switch_system_disk(server, incoming, image.ref, work=TestWork())
    cloud_engine.delete_server(changed.ref, work=TestWork())
    assert cloud_engine.inventory().disks == {server.disks[0].ref}
    for disk in (*changed.disks, *server.disks):
        cloud_engine.delete_disk(disk.ref, work=TestWork())
    assert cloud_engine.inventory().disks == frozenset()


def test_a_system_that_does_not_fit_changes_nothing(
    cloud_engine: OpenStackEngine, demo: Connection, place: Path
) -> None:
    image = stored_image(cloud_engine, place)
    server = cloud_engine.create_server(server_spec(), image.ref, work=TestWork())
    with pytest.raises(Conflict) as refusal:
        cloud_engine.switch_system_disk(server, DiskSpec(uuid4(), "", 0, MIB), image.ref, work=TestWork())
    assert refusal.value.code == "system-disk-too-small"
    assert Made(demo, server).counts == (0, 1, 1)
