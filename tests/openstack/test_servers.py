"""Servers of a cloud: what their guests say, and what becomes of them when work on them ends anywhere."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from openstack.connection import Connection

from imsconsole.core.errors import Unavailable
from imsconsole.engine.openstack import CloudSettings, OpenStackEngine
from imsconsole.engine.types import GIB, DiskSpec, Kind, Power, Seed, ServerSpec
from tests.engine.guests import TestWork, server_spec, state_of, stored_image, wait_for
from tests.openstack.guests import KEY, KEY_PRINT, lines_of, stored_guest
from tests.openstack.interruptions import ENDINGS, points_of

pytestmark = [
    pytest.mark.cloud,
    pytest.mark.guest,
    pytest.mark.slow(reason="a cloud is asked, and one waits for it"),
]


class Made:
    """What of a server is in the cloud."""

    def __init__(self, demo: Connection, server: ServerSpec) -> None:
        tag = f"ims-{server.id}"
        self.machines = list(demo.compute.servers(tags=tag))
        self.ports = list(demo.network.ports(name=tag))
        all_volumes = demo.block_storage.volumes()
        self.volumes = [each for each in all_volumes if each.metadata.get("ims_server") == str(server.id)]

    @property
    def counts(self) -> tuple[int, int, int]:
        return len(self.machines), len(self.ports), len(self.volumes)


def test_a_guest_has_what_its_server_is_said_to_have(
    cloud_engine: OpenStackEngine, guest_cache: Path, place: Path
) -> None:
    image = stored_guest(cloud_engine, guest_cache, place, "Cloud guest")
    seed = Seed("i-1", "cloud-host", (KEY,), "$6$salt$hash", user_data=b"#!/bin/sh\necho told\n")
    data = DiskSpec(uuid4(), cloud_engine.create_disk(uuid4(), 2 * GIB, work=TestWork()), 1, 2 * GIB)
    spec = server_spec(memory_mb=256, seed=seed)
    spec = replace(spec, disks=(*spec.disks, data))
    server = cloud_engine.create_server(spec, image.ref, work=TestWork())
    wait_for(cloud_engine, cloud_engine.start(server, work=TestWork()).ref, "IMS-GUEST ready")
    said = lines_of(cloud_engine.console_log(server.ref))
    assert said["identity"].startswith("Cloud guest ")
    assert said["mac"] == server.mac
    assert said["address"] == server.private_ip
    assert said["seed"] == "config-2"
    assert said["hostname"].partition(".")[0] == "cloud-host"
    assert said["ssh-key-fingerprint"] == KEY_PRINT
    assert said["password"] == "set"
    assert said["user-data"] == "told"
    assert said["vda bytes"] == str(GIB)
    assert said["vdb bytes"] == str(2 * GIB)


def test_a_server_gets_another_mac_and_address_where_its_own_are_taken(cloud_engine: OpenStackEngine) -> None:
    mac, address = f"fa:16:3e:{secrets.token_hex(1)}:77:77", f"192.168.7.{100 + secrets.randbelow(150)}"
    specs = (server_spec(mac=mac, private_ip=address) for _ in range(2))
    one, other = (cloud_engine.create_server(spec, work=TestWork()) for spec in specs)
    assert (one.mac, one.private_ip) == (mac, address)
    assert other.mac != one.mac
    assert other.private_ip != one.private_ip


@pytest.mark.parametrize("ended_at", ENDINGS)
def test_whatever_ends_it_a_server_comes_about_once(
    cloud_engine: OpenStackEngine, demo: Connection, place: Path, ended_at
) -> None:
    image = stored_image(cloud_engine, place, "HELLO")

    def created(work: TestWork) -> None:
        cloud_engine.create_server(spec, image.ref, work=work)

    spec = server_spec()
    points = points_of(created)
    cloud_engine.delete_server(cloud_engine.find(Kind.SERVER, spec.id)[0], work=TestWork())
    for point in points:
        spec = server_spec()
        ended_at(created, point)
        server = cloud_engine.create_server(spec, image.ref, work=TestWork())
        assert Made(demo, server).counts == (0, 1, 1), point
        assert state_of(cloud_engine, server).power is Power.STOPPED
        cloud_engine.delete_server(server.ref, work=TestWork())
        assert Made(demo, server).counts == (0, 0, 0), point


@pytest.mark.parametrize("ended_at", ENDINGS)
def test_whatever_ends_its_start_it_has_one_machine_after_the_next(
    cloud_engine: OpenStackEngine, demo: Connection, place: Path, ended_at
) -> None:
    image = stored_image(cloud_engine, place, "HELLO")

    def started(work: TestWork) -> None:
        cloud_engine.start(server, work=work)

    server = cloud_engine.create_server(server_spec(), image.ref, work=TestWork())
    points = points_of(started)
    for point in points:
        cloud_engine.delete_server(server.ref, work=TestWork())
        server = cloud_engine.create_server(server_spec(), image.ref, work=TestWork())
        ended_at(started, point)
        server = cloud_engine.start(server, work=TestWork())
        wait_for(cloud_engine, server.ref, "HELLO")
        assert Made(demo, server).counts == (1, 1, 1), point


@pytest.mark.parametrize("ended_at", ENDINGS)
def test_whatever_ends_its_deletion_nothing_of_it_is_left_after_the_next(
    cloud_engine: OpenStackEngine, demo: Connection, place: Path, ended_at
) -> None:
    image = stored_image(cloud_engine, place)

    def deleted(work: TestWork) -> None:
        cloud_engine.delete_server(server.ref, work=work)

    def running() -> ServerSpec:
        made = cloud_engine.create_server(server_spec(), image.ref, work=TestWork())
        return cloud_engine.start(made, work=TestWork())

    server = running()
    for point in points_of(deleted):
        server = running()
        ended_at(deleted, point)
        cloud_engine.delete_server(server.ref, work=TestWork())
        assert Made(demo, server).counts == (0, 0, 0), point


def unbootable(demo: Connection, server: ServerSpec) -> Callable[[], None]:
    """Have no host be able to run a server; what is returned mends that."""
    (volume,) = Made(demo, server).volumes
    demo.block_storage.set_volume_image_metadata(volume, hw_machine_type="no-such-machine")
    return lambda: demo.block_storage.delete_volume_image_metadata(volume, keys=["hw_machine_type"])


def test_a_machine_that_cannot_be_made_says_why_and_leaves_nothing(
    cloud_engine: OpenStackEngine, demo: Connection, place: Path
) -> None:
    image = stored_image(cloud_engine, place, "HELLO")
    server = cloud_engine.create_server(server_spec(), image.ref, work=TestWork())
    mend = unbootable(demo, server)
    with pytest.raises(Unavailable) as refusal:
        cloud_engine.start(server, work=TestWork())
    assert refusal.value.code == "machine-failed"
    assert Made(demo, server).counts == (0, 1, 1)
    mend()
    wait_for(cloud_engine, cloud_engine.start(server, work=TestWork()).ref, "HELLO")


def test_what_a_host_fails_at_by_chance_is_tried_again(
    cloud_engine: OpenStackEngine, demo: Connection, place: Path
) -> None:
    """Its third hold is that of removing what has failed: from then on it can be made."""
    image = stored_image(cloud_engine, place, "HELLO")
    server = cloud_engine.create_server(server_spec(), image.ref, work=TestWork())
    mend = unbootable(demo, server)
    work = TestWork(on_hold=lambda number: mend() if number == 3 else None)
    wait_for(cloud_engine, cloud_engine.start(server, work=work).ref, "HELLO")
    assert work.holds > 3
    assert Made(demo, server).counts == (1, 1, 1)


def test_a_stopped_machine_is_started_again_with_the_disks_its_server_has_by_then(
    cloud_engine: OpenStackEngine, demo: Connection, place: Path
) -> None:
    """It is the same one: its system knows it already."""
    image = stored_image(cloud_engine, place, "HELLO")
    server = cloud_engine.create_server(server_spec(), image.ref, work=TestWork())
    server = cloud_engine.start(server, work=TestWork())
    before = Made(demo, server).machines[0].id
    mark = cloud_engine.stop(server.ref, graceful_s=0, work=TestWork()).console
    data = DiskSpec(uuid4(), cloud_engine.create_disk(uuid4(), GIB, work=TestWork()), 1, GIB)
    larger = cloud_engine.start(replace(server, disks=(*server.disks, data)), work=TestWork())
    wait_for(cloud_engine, larger.ref, "HELLO", after=mark)
    (machine,) = Made(demo, server).machines
    assert machine.id == before
    assert {each["id"] for each in machine.attached_volumes} == {disk.ref[37:] for disk in larger.disks}
    mark = cloud_engine.stop(server.ref, graceful_s=0, work=TestWork()).console
    cloud_engine.start(server, work=TestWork())
    (machine,) = Made(demo, server).machines
    assert {each["id"] for each in machine.attached_volumes} == {server.disks[0].ref[37:]}
    cloud_engine.delete_disk(data.ref, work=TestWork())


def test_what_others_have_is_not_touched_and_named_as_theirs(
    cloud: CloudSettings, cloud_engine: OpenStackEngine, demo: Connection
) -> None:
    """Under another console's name, in the same project."""
    another = OpenStackEngine(replace(cloud, console=f"{cloud.console}-another"))
    theirs = another.create_server(server_spec(), work=TestWork())
    try:
        assert cloud_engine.find(Kind.SERVER, theirs.id) == ()
        assert state_of(cloud_engine, theirs).power is Power.MISSING
        cloud_engine.delete_server(theirs.ref, work=TestWork())
        cloud_engine.discard([theirs.id], "t", work=TestWork())
        assert state_of(another, theirs).power is Power.STOPPED
        assert theirs.ref[37:] in {each.cloud_id for each in cloud_engine.foreign()}
    finally:
        another.delete_server(theirs.ref, work=TestWork())
