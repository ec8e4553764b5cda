"""Data disks from data disk images (创建数据盘): rule, service, page."""

from types import SimpleNamespace

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from images.capture.services import capture_data_disks
from images.delete.services import delete_image
from images.launch.disk.rules import can_create_disk_from, can_order_disk_from
from images.launch.disk.services import create_disk_from
from images.models import Image
from images.verify.store_check import differences
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import Disk
from imsconsole.core.errors import NotFound
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from imsconsole.engine.api import Engine
from imsconsole.engine.types import Unwatched
from imsconsole.jobs.models import Job
from tests import factories
from tests.cloud.conftest import engine  # noqa: F401
from tests.cloud.servers.machines import REGION, bootable_image
from tests.conftest import client_of
from tests.support.wizards import gone_through
from tests.support.workers import finish, run_jobs

pytestmark = pytest.mark.django_db
CREATE = "/disks/create/"
MARK = b"TINY GUEST"


@pytest.fixture
def image(people: SimpleNamespace, engine: Engine) -> Image:  # noqa: F811
    """A data disk image of 2 GB; somewhere in its bytes stands MARK."""
    return bootable_image(people.bob, name="payload", type="data", min_disk_gb=2)


def zone_of(actor):
    return actor.region.zones.earliest("code")


def made_of(image: Image, actor, **wanted) -> Disk:
    wanted = {"name": "filled", "size_gb": 3, "zone": zone_of(actor), **wanted}
    return create_disk_from(image, actor=actor, **wanted)


# rule ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, ""),
        ({"type": "system"}, "no-data-image"),
        ({"type": "full"}, "no-data-image"),
        ({"type": "iso"}, "no-data-image"),
        ({"status": "saving"}, "not-active"),
        ({"status": "frozen"}, "not-active"),
    ],
)
def test_only_data_disk_images_in_state_normal_make_disks(people, fields, code):
    """R5, R98"""
    image = factories.ImageFactory(**{"project": people.bob.project, "type": "data", **fields})
    order = can_order_disk_from(image, 100, zone_of(people.bob), people.bob)
    assert can_create_disk_from(image, people.bob).code == order.code == code
    assert can_create_disk_from(image, people.dave).code == "read-only"


def test_an_encrypted_image_needs_its_key(people):
    """R90"""
    key = factories.KeyFactory(project=people.bob.project)
    image = factories.ImageFactory(project=people.bob.project, type="data", key=key)
    assert can_create_disk_from(image, people.bob)
    key.state = "disabled"
    key.save()
    image.refresh_from_db()
    assert can_create_disk_from(image, people.bob).code == "key-not-enabled"


@pytest.mark.parametrize(("size_gb", "code"), [(9, "disk-smaller-than-data-image"), (10, ""), (11, "")])
def test_a_disk_is_at_least_as_large_as_its_image(people, size_gb, code):
    """§2.5, R62"""
    image = factories.ImageFactory(project=people.bob.project, type="data", min_disk_gb=10)
    assert can_order_disk_from(image, size_gb, zone_of(people.bob), people.bob).code == code


# service ------------------------------------------------------------------------------------------------


def test_a_disk_holds_what_its_image_holds_and_is_its_own(people, image, engine):  # noqa: F811
    with pytest.raises(ValidationError):
        made_of(image, people.bob, name="no spaces")
    disk = made_of(image, people.bob)
    assert (disk.status, disk.image, disk.key, disk.role) == ("creating", image, None, "data")
    assert finish(Job.objects.live().get()).state == "done"
    disk.refresh_from_db()
    assert disk.status == "available"
    delete_image(image, actor=people.bob)
    run_jobs()
    (again,) = capture_data_disks({disk.pk: "again"}, actor=people.bob)
    run_jobs()
    stored = again.disks.get()
    with engine_for(REGION).open(stored.ref) as stream:
        assert MARK in stream.read()
    again.refresh_from_db()
    assert (again.parent, again.min_disk_gb, stored.virtual_size_bytes) == (image, 3, 3 * 1024**3)
    assert list(differences()) == []


def test_an_image_is_not_deleted_while_a_disk_is_made_of_it(people, image):
    made_of(image, people.bob)
    with pytest.raises(Refused) as refusal:
        delete_image(image, actor=people.bob)
    assert refusal.value.code == "launching"


def test_who_may(people, image):
    with pytest.raises(Refused):
        made_of(image, people.dave)
    with pytest.raises(NotFound):
        made_of(image, people.carol)
    assert made_of(image, people.alice)


def test_the_quota_is_kept(people, image):
    """R122"""
    people.bob.project.quotas = {"disk_gb": 2}
    people.bob.project.save()
    with pytest.raises(Refused) as refusal:
        made_of(image, people.bob)
    assert refusal.value.code == "quota-disk-gb"
    assert not Disk.objects.exists()


def test_an_image_without_bytes_fails_with_a_sentence(people, image, engine):  # noqa: F811
    disk = made_of(image, people.bob)
    engine.delete(image.disks.get().ref, work=Unwatched())
    job = finish(Job.objects.live().get())
    disk.refresh_from_db()
    assert (job.state, job.error_code, disk.status) == ("failed", "image-bytes-gone", "failed")


# page ---------------------------------------------------------------------------------------------------


def order(people: SimpleNamespace, **typed: str) -> dict[str, object]:
    return {"name": "filled", "size_gb": "2", "zone": zone_of(people.bob).pk, "image": "", **typed}


def test_the_image_s_button_leads_to_a_form_that_fits(people, image):
    client = client_of(people.bob)
    for page in (reverse("images:list") + "?tab=private", image.get_absolute_url()):
        assert f"{CREATE}?image=" in client.get(page).content.decode()
    page = client.get(CREATE, {"image": image.pk.hex}).content.decode()
    assert f'value="{image.pk}" checked' in page
    assert 'value="2"' in page
    answer = gone_through(client, CREATE, order(people, image=str(image.pk)))
    disk = Disk.objects.get()
    assert bare(answer["Location"]) == disk.get_absolute_url()
    assert (disk.image, disk.size_gb) == (image, 2)


def test_a_disk_that_is_too_small_is_said_beside_its_field(people, image):
    answer = client_of(people.bob).post(CREATE, order(people, image=str(image.pk), size_gb="1"))
    assert answer.status_code == 422
    assert "at least 2 GB" in str(answer.context["form"].errors["size_gb"])


def test_without_an_image_the_disk_is_blank(people, image):
    gone_through(client_of(people.bob), CREATE, order(people))
    assert Disk.objects.get().image is None


@pytest.mark.slow(reason="a form is drawn and sent for images of others and for nonsense")
def test_images_of_others_and_of_other_types_are_not_offered(people, image):
    factories.ImageFactory(project=people.bob.project, name="a system")
    assert "payload" not in client_of(people.carol).get(CREATE, {"image": image.pk}).content.decode()
    assert client_of(people.carol).post(CREATE, order(people, image=str(image.pk))).status_code == 422
    assert "a system" not in client_of(people.bob).get(CREATE).content.decode()
    for nonsense in ("x", "", "0"):
        assert client_of(people.bob).get(CREATE, {"image": nonsense}).status_code == 200
