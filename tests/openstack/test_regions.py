"""A region on the lab: looked at, its public images offered, and what others have listed and left alone."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from openstack.connection import Connection

from images.adopt.services import adopt_image
from images.adopt.tasks import look_for_public_images
from images.models import CloudImage, Image
from images.public.platform import platform_actor
from imsconsole.accounts.actor import Operator
from imsconsole.accounts.models import Region, User
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import ForeignThing, RegionCheck, RegionReport
from imsconsole.cloud.regions.services import check_region
from imsconsole.cloud.regions.tasks import look_at_cloud
from imsconsole.engine.types import Unwatched
from tests.engine.guests import tiny_disk
from tests.openstack.regions import OURS, of_engine
from tests.openstack.there import as_user

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
