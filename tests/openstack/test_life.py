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
from imsconsole.cloud.servers.services import delete_server, start_server, stop_server
from imsconsole.engine.api import Engine
from market.deploy.deploying import deploy
from tests.cloud.conftest import _short_stop, engine  # noqa: F401
from tests.cloud.servers.machines import REGION, order, tiny_flavor
from tests.engine.guests import installing_cd
from tests.factories import FlavorFactory, OsVersionFactory
from tests.images import life
from tests.images.create.importing import imported
from tests.images.life import delete_all, done, image_from, says
from tests.market.selling import on_the_market
from tests.openstack.journeys import JOURNEY
from tests.openstack.seen import OURS, assert_in_place, assert_nothing_is_left, connected, everywhere

pytestmark = JOURNEY


def test_from_an_import_to_the_end(
    people: SimpleNamespace,
    engine: Engine,  # noqa: F811
    home: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After each step all is where its account is; Carol's has no place of its own."""
    seen: set[tuple[str, str]] = set()
    usual = life.done

    def done() -> None:
        usual()
        seen.update(assert_in_place(REGION))

    monkeypatch.setattr(life, "done", done)
    life.whole_life(people, tmp_path)
    assert {(place, kind) for place in (OURS, home) for kind in ("machines", "ports", "volumes")} <= seen
    assert_nothing_is_left(REGION)


def test_an_iso_installs_a_system_that_becomes_an_image(
    people: SimpleNamespace,
    engine: Engine,  # noqa: F811
    home: str,
    tmp_path: Path,
) -> None:
    cd = installing_cd(tmp_path / "cd.iso", "BLUE MOON")
    iso: Image = imported(people.bob, cd, name="cd", type="iso", os_version=OsVersionFactory()).image
    done()
    temporary = install_server(image=iso, flavor=tiny_flavor(), name="installer", actor=people.bob)
    done()
    assert "BLUE MOON" not in says(temporary, "INSTALLED")
    assert (home, "volumes") in assert_in_place(REGION)
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
    assert_in_place(REGION)
    delete_all(people)
    assert_nothing_is_left(REGION)


def test_a_server_is_resized_there_and_back(
    people: SimpleNamespace,
    engine: Engine,  # noqa: F811
    home: str,
    tmp_path: Path,
) -> None:
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
        assert size_in_the_cloud(server, home) == (flavor.vcpus, flavor.memory_mb)
    assert_in_place(REGION)
    delete_all(people)
    assert_nothing_is_left(REGION)


def size_in_the_cloud(server: Server, cloud: str) -> tuple[int, int]:
    """vCPUs and MB of its machine, as Nova says."""
    there = connected(cloud).compute.servers()
    (machine,) = [each for each in there if each.metadata.get("ims_id") == str(server.pk)]
    return machine.flavor.vcpus, machine.flavor.ram


def test_what_is_on_the_market_runs_for_who_accepts_its_terms(
    people: SimpleNamespace,
    operator: User,
    engine: Engine,  # noqa: F811
    home: str,
    tmp_path: Path,
) -> None:
    """The seller's image is where the region is, the buyer's server where the buyer's account is."""
    listing = on_the_market(people.carol, operator, image_from(people.carol, tmp_path, "SOLD"))
    version, buyer = listing.published, people.alice
    offered = Image.objects.visible_to(buyer).get(edition__version_of=version)
    wanted = Launch(
        image=offered,
        flavor=tiny_flavor(),
        zone=buyer.region.zones.get(),
        name="bought",
        system_disk_gb=offered.min_disk_gb,
        user_data="#!/bin/sh\n",
    )
    (server,) = deploy(wanted, version, accepts_terms=True, actor=buyer)
    done()
    says(server, "SOLD")
    assert (home, "machines") in assert_in_place(REGION)
    delete_server(Server.objects.get(pk=server.pk), delete_disks=True, actor=buyer)
    done()
    assert {kind for kind, there in everywhere(REGION).items() if there} == {"images"}
