"""The console's whole life on a real cloud, through its services: what guests print, and what is left there in the end."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from images.capture.services import capture_server
from images.launch.rules import Launch
from images.launch.services import install_server
from images.models import Image
from images.resize.services import resize_server
from imsconsole.accounts.models import User
from imsconsole.cloud.models import Server
from imsconsole.cloud.servers.services import start_server, stop_server
from imsconsole.engine.api import Engine
from market.deploy.deploying import deploy
from tests.cloud.conftest import _short_stop, engine  # noqa: F401
from tests.cloud.servers.machines import REGION, order, tiny_flavor
from tests.engine.guests import installing_cd
from tests.factories import FlavorFactory, OsVersionFactory
from tests.images.create.importing import imported
from tests.images.life import delete_all, done, image_from, says, whole_life
from tests.market.selling import on_the_market
from tests.openstack.seen import connected, counted
from tests.support.engines import only

pytestmark = [
    pytest.mark.cloud,
    pytest.mark.guest,
    pytest.mark.slow(reason="guests start on a real cloud"),
    pytest.mark.thorough,
    pytest.mark.django_db,
    pytest.mark.usefixtures("untouched", "on_each_engine"),
    only("openstack"),
]


def assert_nothing_is_left() -> None:
    assert counted(REGION) == {}


def test_from_an_import_to_the_end(people: SimpleNamespace, engine: Engine, tmp_path: Path) -> None:  # noqa: F811
    whole_life(people, tmp_path)
    assert_nothing_is_left()


def test_an_iso_installs_a_system_that_becomes_an_image(
    people: SimpleNamespace,
    engine: Engine,  # noqa: F811
    tmp_path: Path,
) -> None:
    cd = installing_cd(tmp_path / "cd.iso", "BLUE MOON")
    iso: Image = imported(people.bob, cd, name="cd", type="iso", os_version=OsVersionFactory()).image
    done()
    temporary = install_server(image=iso, flavor=tiny_flavor(), name="installer", actor=people.bob)
    done()
    assert "BLUE MOON" not in says(temporary, "INSTALLED")
    stop_server(temporary, actor=people.bob)
    done()
    start_server(temporary, actor=people.bob)
    done()
    assert "INSTALLED" not in says(temporary, "BLUE MOON")

    made = capture_server(temporary, name="blue-moon", actor=people.bob)
    done()
    (server,) = order(people.bob, made, name="from-it")
    done()
    assert "INSTALLED" not in says(server, "BLUE MOON")
    delete_all(people)
    assert_nothing_is_left()


def test_a_server_is_resized_there_and_back(people: SimpleNamespace, engine: Engine, tmp_path: Path) -> None:  # noqa: F811
    (server,) = order(people.bob, image_from(people.bob, tmp_path, "SIZED"))
    done()
    says(server, "SIZED")
    large = FlavorFactory(name="t6-large-2", series="t6", vcpus=2, memory_mb=96)
    for flavor in (large, tiny_flavor()):
        resize_server(server, flavor=flavor, stop_first=True, actor=people.bob)
        done()
        says(server, "SIZED")
        server = Server.objects.get(pk=server.pk)
        assert server.flavor == flavor
        assert size_in_the_cloud(server) == (flavor.vcpus, flavor.memory_mb)
    delete_all(people)
    assert_nothing_is_left()


def size_in_the_cloud(server: Server) -> tuple[int, int]:
    """vCPUs and MB of its machine, as Nova says."""
    cloud = connected()
    machines = [each for each in cloud.compute.servers() if each.metadata.get("ims_id") == str(server.pk)]
    (machine,) = machines
    return machine.flavor.vcpus, machine.flavor.ram


def test_what_is_on_the_market_runs_for_who_accepts_its_terms(
    people: SimpleNamespace,
    operator: User,
    engine: Engine,  # noqa: F811
    tmp_path: Path,
) -> None:
    listing = on_the_market(people.bob, operator, image_from(people.bob, tmp_path, "SOLD"))
    version = listing.published
    offered = Image.objects.visible_to(people.carol).get(edition__version_of=version)
    wanted = Launch(
        image=offered,
        flavor=tiny_flavor(),
        zone=people.carol.region.zones.get(),
        name="bought",
        system_disk_gb=offered.min_disk_gb,
        user_data="#!/bin/sh\n",
    )
    (server,) = deploy(wanted, version, accepts_terms=True, actor=people.carol)
    done()
    says(server, "SOLD")
