"""A region on the lab: looked at, its public images offered, and what others have listed and left alone."""

import socket
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
import yaml
from django.test import Client
from openstack.connection import Connection

from images.adopt.services import adopt_image
from images.adopt.tasks import look_for_public_images
from images.copy.services import copy_image, copy_image_across
from images.models import CloudImage, Image
from images.public.platform import platform_actor
from images.public.services import release_image
from imsconsole.accounts.actor import Actor, Operator
from imsconsole.accounts.models import Region, User
from imsconsole.cloud.engines import engine_for, forget_engines
from imsconsole.cloud.hosts import ask_hosts
from imsconsole.cloud.models import ForeignThing, RegionCheck, RegionReport
from imsconsole.cloud.regions.services import check_region
from imsconsole.cloud.regions.tasks import look_at_cloud
from imsconsole.core import now as clock
from imsconsole.engine.types import Unwatched
from imsconsole.jobs.models import ClockEntry, Job
from tests.cloud.conftest import _short_stop, empty  # noqa: F401
from tests.cloud.servers.machines import bootable_image, order
from tests.conftest import client_of
from tests.engine.guests import tiny_disk
from tests.factories import AgencyFactory, ProjectFactory
from tests.images.create.importing import imported
from tests.images.life import done, says
from tests.openstack.regions import FAR, OTHER, OURS, far_region, of_engine
from tests.openstack.seen import assert_in_place
from tests.openstack.there import as_user
from tests.support.workers import finish

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.cloud,
    pytest.mark.slow(reason="a cloud is asked, and one waits for it"),
]


@pytest.fixture
def region(people: Any, cloud: Any) -> Region:
    return of_engine(people.bob.region, engine="openstack", cloud=OURS)


@pytest.fixture
def lent(cloud: Any, tmp_path: Path) -> Iterator[Any]:
    """An image that the cloud's administrators offer to everybody."""
    admin: Connection = as_user("admin")
    path = tmp_path / "lent.qcow2"
    subprocess.run(["qemu-img", "convert", "-O", "qcow2", tiny_disk(tmp_path / "lent.raw"), path], check=True)
    image = admin.image.create_image(
        f"lent-{uuid4().hex[:8]}", data=path.read_bytes(), disk_format="qcow2", container_format="bare",
        visibility="public", min_disk=1, wait=True,
    )  # fmt: skip
    yield image
    admin.image.delete_image(image.id, ignore_missing=True)


def test_a_look_finds_all_that_the_lab_has(region: Region, operator: User):
    check_region(region=region, actor=Operator(operator))
    look_at_cloud.func(region.code)

    check = RegionCheck.objects.get(pk=region)
    assert check.error_code == ""
    found = check.found
    assert {each["name"] for each in found["services"] if each["is_enough"]} == {
        "image",
        "block_storage",
        "compute",
        "network",
    }
    assert [each["name"] for each in found["rights"] if each["ok"] is False] == []
    assert {"lab.1-256", "lab.2-4096"} <= {each["name"] for each in found["flavors"]}
    assert "lab" in {each["name"] for each in found["networks"]}
    assert {"nova", "lab-zone"} <= {each["name"] for each in found["zones"]}
    assert {each["name"] for each in found["quotas"]} >= {"servers", "vcpus", "volumes", "volume_gb", "ports"}
    assert ForeignThing.objects.filter(region=region, name__startswith="somebody-else").exists()
    report = RegionReport.objects.get(pk=region)
    assert "1x256" in report.capabilities.sizes


def test_what_a_look_tries_leaves_nothing(region: Region, demo: Connection):
    look_at_cloud.func(region.code)

    things = [
        *demo.image.images(),
        *demo.network.ports(),
        *demo.block_storage.volumes(),
        *demo.compute.servers(),
    ]
    assert [each.name for each in things if each.name == "ims-console-check"] == []


def test_a_lent_image_is_offered_vanishes_comes_back_and_is_never_deleted(
    region: Region, lent: Any, operator: User
):
    look_for_public_images.func(region.code)
    row = CloudImage.objects.get(cloud_id=lent.id)
    image = adopt_image(row, actor=platform_actor(operator))
    stored = image.disks.get().stored
    admin = as_user("admin")
    admin.image.update_image(lent.id, visibility="private")
    look_for_public_images.func(region.code)
    image.refresh_from_db()
    assert image.error_code == "cloud-image-gone"
    admin.image.update_image(lent.id, visibility="public")
    look_for_public_images.func(region.code)
    image.refresh_from_db()
    assert image.status == Image.Status.ACTIVE
    engine_for(region).delete(stored.ref, work=Unwatched())
    assert admin.image.get_image(lent.id).status == "active", "what is lent stays"


def test_who_may_only_read_there_is_told_what_the_console_cannot_do(
    region: Region, operator: User, reader: str, settings: Any
):
    """Keystone's role of that name: all that makes something is refused, with the cloud's own word."""
    settings.IMS_CLOUDS = reader
    forget_engines()
    check_region(region=region, actor=Operator(operator))
    look_at_cloud.func(region.code)

    found = RegionCheck.objects.get(pk=region).found
    assert found["roles"] == ["reader"]
    may = {each["name"]: each["ok"] for each in found["rights"]}
    assert {name for name, ok in may.items() if ok is False} == {
        "make-images",
        "make-volumes",
        "make-servers",
        "make-ports",
    }
    client = Client()
    client.force_login(operator)
    page = client.get(f"/admin/cloud/regionreport/{region.code}/cloud/").content.decode()
    assert page.count("The cloud refuses what this console asks of it") == 4


@pytest.fixture
def reader(clouds: Path, demo: Connection, tmp_path: Path) -> Iterator[str]:
    """A `clouds.yaml` whose user may look and no more."""
    identity, name, password = as_user("admin").identity, f"reader-{uuid4().hex[:8]}", uuid4().hex
    user = identity.create_user(name=name, password=password, domain_id="default")
    role = identity.find_role("reader")
    identity.assign_project_role_to_user(demo.current_project_id, user, role)
    told = yaml.safe_load(clouds.read_text())
    told["clouds"][OURS]["auth"] |= {"username": name, "password": password}
    yield written(tmp_path / "reader.yaml", told)
    identity.delete_user(user)


def written(path: Path, clouds: Any) -> str:
    path.write_text(yaml.safe_dump(clouds))
    return str(path)


def nobodys_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.guest
@pytest.mark.usefixtures("untouched")
def test_work_in_a_region_that_is_down_waits_alone_and_goes_on(
    region: Region, people: SimpleNamespace, clouds: Path, tmp_path: Path, settings: Any
):
    """What leads to the cloud ends at a port where nobody listens, and then at the cloud again."""
    image = bootable_image(people.bob, word="BACK AGAIN")
    told = yaml.safe_load(clouds.read_text())
    told["clouds"][OURS]["auth"]["auth_url"] = f"http://127.0.0.1:{nobodys_port()}/v3"
    settings.IMS_CLOUDS = written(tmp_path / "closed.yaml", told)
    forget_engines()
    ask_hosts()
    (server,) = order(people.bob, image)
    waits = finish(Job.objects.about(server.pk).get())
    here = far_region(engine="local")
    project = ProjectFactory(account=people.bob.account, region=here, name="here")
    elsewhere = imported(Actor(people.bob.user, project, people.bob.role), tiny_disk(tmp_path / "disk.raw"))

    assert (waits.state, waits.deaths) == ("queued", 0)
    assert "does not answer" in waits.waits_because or "did not answer" in waits.waits_because
    assert finish(elsewhere.job).state == "done"
    ClockEntry.objects.create(name="a.clock", due_at=clock.now(), started_at=clock.now())
    page = client_of(people.bob).get(f"/servers/{server.pk}/").content.decode()
    assert "does not answer" in page
    assert "does not answer" not in client_of(people.bob).get(f"/p/{project.pk}/images/").content.decode()

    settings.IMS_CLOUDS = str(clouds)
    for _try in range(3):  # a host that is busy may be silent once more
        forget_engines()
        ask_hosts()
        clock.move(timedelta(minutes=6))
        if finish(waits).state == "done":
            break
    assert waits.state == "done", waits.waits_because
    says(server, "BACK AGAIN")


@pytest.mark.guest
@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("home", [OURS, pytest.param(OTHER, marks=pytest.mark.thorough)], indirect=True)
def test_a_raw_image_of_the_cloud_starts_and_leaves_it(
    region: Region, people: SimpleNamespace, operator: User, home: str, raw: Any
):
    """No byte of it is copied here; elsewhere it is a disk as they are kept there, and starts too."""
    look_for_public_images.func(region.code)
    image = adopt_image(CloudImage.objects.get(cloud_id=raw.id), actor=platform_actor(operator))
    assert image.disks.get().stored.ref == f"{raw.id}.{raw.id}"
    (server,) = order(people.bob, image)
    done()
    says(server, "LENT RAW")
    assert (home, "machines") in assert_in_place(region.code)
    release_image(image, actor=platform_actor(operator))
    copy = copy_image(image, name="own", actor=people.bob)
    done()

    far = ProjectFactory(account=people.bob.account, region=far_region(engine="local"), name="far")
    AgencyFactory(project=far, grantee=people.bob.project)
    copy = Image.objects.get(pk=copy.pk)
    there = copy_image_across(copy, target=far, name="there", actor=people.bob)
    done()
    there.refresh_from_db()
    assert (there.status, there.disks.get().format) == ("active", "qcow2")
    (server,) = order(Actor(people.bob.user, far, people.bob.role), there, name="there")
    done()
    says(server, "LENT RAW")
    empty(engine_for(FAR))
    empty(engine_for(region))


@pytest.fixture
def raw(cloud: Any, tmp_path: Path) -> Iterator[Any]:
    admin: Connection = as_user("admin")
    disk = tiny_disk(tmp_path / "raw.raw", "LENT RAW")
    image = admin.image.create_image(
        f"raw-{uuid4().hex[:8]}", data=disk.read_bytes(), disk_format="raw", container_format="bare",
        visibility="public", min_disk=1, wait=True,
    )  # fmt: skip
    yield image
    admin.image.delete_image(image.id, ignore_missing=True)
