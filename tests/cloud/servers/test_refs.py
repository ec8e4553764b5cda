"""What an engine has may be under another reference after each verb: rows have the last, and find it all."""

import pytest

from images.change_os.services import change_os
from images.resize.services import resize_server
from imsconsole.cloud.models import Server
from imsconsole.cloud.servers.services import delete_server, start_server, stop_server
from imsconsole.cloud.servers.specs import server_spec
from imsconsole.cloud.system_disk.services import undo_change_os
from tests.cloud.conftest import _short_stop, engine  # noqa: F401
from tests.cloud.servers.machines import bootable_image, running_server
from tests.factories import FlavorFactory
from tests.support.elsewhere import CloudEngine, cloud_engine
from tests.support.workers import run_jobs

pytestmark = [pytest.mark.django_db, pytest.mark.guest]
SMALL = {"user_data": "#!/bin/sh\n"}


@pytest.fixture
def cloud(engine):  # noqa: F811
    with cloud_engine() as cloud:
        yield cloud


def rested(server: Server) -> Server:
    run_jobs()
    server.refresh_from_db()
    assert server.status in ("stopped", "running", "deleted"), (server.status, server.status_sentence)
    return server


def refs_of(server: Server) -> set[str]:
    return {server.ref, *server.disks.existing().values_list("ref", flat=True)}


def listed(cloud: CloudEngine) -> set[str]:
    inventory = cloud.inventory()
    return {*inventory.servers, *inventory.disks}


@pytest.mark.slow(reason="a guest starts five times")
def test_a_server_is_found_after_every_verb_that_moved_it(people, cloud):
    bob = people.bob
    server = running_server(bob, data_disks_gb=[1])
    former = refs_of(server)
    assert server.ref.startswith(f"{server.pk}.")
    assert former == listed(cloud)
    assert server.private_ip.startswith("10.7.0.")
    assert server.mac.startswith("fa:16:3e:0a:07:")
    spec = server_spec(server)
    assert (spec.private_ip, spec.mac) == (server.private_ip, server.mac)
    assert (spec.zone, spec.flavor) == (server.zone.code, "t6-tiny-1")

    resize_server(
        server, actor=bob, flavor=FlavorFactory(name="t6-two-1", vcpus=2, memory_mb=64), stop_first=True
    )
    assert rested(server).status == "running"
    assert refs_of(server) == listed(cloud)
    assert not former & refs_of(server)

    former = refs_of(server)
    change_os(server, actor=bob, image=bootable_image(bob, word="OTHER"), stop_first=True, **SMALL)
    assert rested(server).status == "running"
    assert refs_of(server) == listed(cloud)
    assert server.ref not in former

    undo_change_os(server.disks.kept().get(), actor=bob)
    assert rested(server).status == "running"
    stop_server(server, actor=bob)
    start_server(rested(server), actor=bob)
    assert rested(server).status == "running"
    assert refs_of(server) == listed(cloud)

    delete_server(server, actor=bob, delete_disks=True)
    assert rested(server).status == "deleted"
    assert not listed(cloud)
