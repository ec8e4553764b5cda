"""Images for bare metal servers: an attribute of system disk images, and its rules (R33, R108)."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from images.create.rules import Import
from images.create.services import import_image
from images.fields.rules import use_fits
from images.launch.fit import fits
from images.models import Image
from imsconsole.cloud.engines import engine_for
from imsconsole.core.rules import Refused
from tests import factories
from tests.cloud.servers.machines import REGION
from tests.conftest import client_of
from tests.images.create.importing import DETAILS, draft_after, image_of, imported, uploaded

pytestmark = pytest.mark.django_db


def os_version(name: str, **fields):
    return factories.OsVersionFactory(name=name, **fields)


@pytest.mark.parametrize(
    ("image_type", "use", "for_bms", "code"),
    [
        ("system", "ecs", False, ""),
        ("system", "bms", True, ""),
        ("system", "bms", False, "os-not-for-bms"),
        ("data", "bms", True, "bms-system-only"),
        ("iso", "bms", True, "bms-system-only"),
    ],
)
def test_system_disk_images_of_systems_that_run_there(image_type, use, for_bms, code):
    assert use_fits(image_type, use, os_version("Some 1", for_bms=for_bms)).code == code
    if image_type == "system":
        assert use_fits(image_type, use, None)


def test_a_file_becomes_an_image_for_bare_metal(people: SimpleNamespace, disks: Path):
    image = imported(people.bob, disks / "disk.qcow2", use="bms").image
    assert (image.use, image.type) == ("bms", "system")


def test_it_is_never_encrypted(people: SimpleNamespace, disks: Path):
    """R33"""
    upload = uploaded(people.bob, disks / "disk.qcow2")
    with pytest.raises(Refused) as refusal:
        import_image(
            Import(upload=upload, name="x", type="system", min_disk_gb=1, use="bms", encrypt=True),
            actor=people.bob,
        )
    assert refusal.value.code == "bms-not-encrypted"
    assert not Image.objects.exists()


def test_it_starts_no_cloud_server_and_the_host_has_no_other(people: SimpleNamespace):
    """R108: refused by name, both ways"""
    capabilities = engine_for(REGION).capabilities()
    bare = factories.FlavorFactory(name="physical.s1", bare_metal=True)
    cloud = factories.FlavorFactory(name="t6-x", memory_mb=64)
    for_bms = factories.ImageFactory(project=people.bob.project, use="bms")
    for_ecs = factories.ImageFactory(project=people.bob.project)
    assert fits(for_bms, cloud, capabilities).code == "fit-cloud-server"
    assert fits(for_ecs, bare, capabilities).code == "fit-bare-metal"
    assert fits(for_bms, bare, capabilities).code == "host-bare-metal"
    assert "bare metal" in str(fits(for_bms, bare, capabilities).reason)


def test_the_wizard_asks_and_says_it_again(people: SimpleNamespace, disks: Path):
    client = client_of(people.bob)
    step_2 = draft_after(client, (disks / "disk.raw").read_bytes())
    assert "BMS system disk image" in client.get(step_2).content.decode()
    other = os_version("Some 1", for_bms=False)
    wrong = client.post(step_2, {**DETAILS, "details-use": "bms", "details-os_version": other.pk})
    assert list(wrong.context["form"].errors) == ["use"]
    step_3 = client.post(step_2, {**DETAILS, "details-use": "bms"})["Location"]
    assert "BMS system disk image" in client.get(step_3).content.decode()
    assert image_of(client.post(step_3, {})).use == "bms"


def test_data_and_iso_files_have_no_such_choice(people: SimpleNamespace, disks: Path):
    client = client_of(people.bob)
    step_2 = draft_after(client, (disks / "disk.raw").read_bytes(), type="data")
    assert "details-use" not in client.get(step_2).content.decode()
