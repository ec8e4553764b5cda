"""Images of a cloud, offered as public ones: where their bytes are, and what becomes of them when the cloud takes them away."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django_tasks_db.models import DBTaskResult

from images.adopt.clock import look_at_clouds
from images.adopt.services import adopt_image
from images.adopt.tasks import look_for_public_images
from images.models import CloudImage, Image
from images.public.platform import platform_actor
from images.verify.store_check import differences
from imsconsole.accounts.models import Region, User
from imsconsole.cloud.models import RegionReport, StoredBytes
from imsconsole.core.errors import Away, NotFound, Unsupported
from imsconsole.core.now import now
from imsconsole.core.rules import Refused
from imsconsole.engine.types import GIB, Inventory, Kind, PublicImage, StoredDisk
from tests.conftest import client_of
from tests.factories import StoredBytesFactory
from tests.support.at_once import DONE, at_once
from tests.support.engines import engine_of_region

pytestmark = pytest.mark.django_db
LIST = "/admin/images/cloudimage/"


class Lends:
    """An engine whose place lends images to everybody."""

    def __init__(self, *images: PublicImage) -> None:
        self._there = {each.cloud_id: each for each in images}

    def public_images(self) -> tuple[PublicImage, ...]:
        return tuple(self._there.values())

    def adopt(self, cloud_id: str) -> StoredDisk:
        if (there := self._there.get(cloud_id)) is None:
            raise NotFound
        if there.format not in ("qcow2", "raw", "iso"):
            raise Unsupported("adopt-format", format=there.format)
        return StoredDisk(f"{cloud_id}.{cloud_id}", there.format, there.size_bytes, 3 * GIB, there.checksum)

    def foreign(self) -> tuple[()]:
        return ()

    def at(self, _project: str) -> "Lends":
        return self

    def __getattr__(self, verb: str) -> Any:
        raise AssertionError(f"{verb} is asked of what is not ours")


def debian(cloud_id: str = "d", **more: Any) -> PublicImage:
    values = {
        "size_bytes": 4096,
        "min_memory_mb": 512,
        "checksum": "sha512:ab",
        "os_id": "debian",
        "os_version": "12",
    }
    return PublicImage(cloud_id, "Debian of the cloud", "qcow2", **(values | more))


VDI = PublicImage("v", "a VDI", "vdi", 4096)


@pytest.fixture
def look(people) -> Iterator[Any]:
    """Has a worker look; the cloud offers these images."""
    region = people.bob.region

    def look(*images: PublicImage) -> Region:
        with engine_of_region(region.code, Lends(*images)):
            look_for_public_images.func(region.code)
        return region

    return look


@pytest.fixture
def adopted(look, operator: User) -> Image:
    look(debian())
    return adopt_image(CloudImage.objects.get(), actor=platform_actor(operator))


@pytest.fixture
def admin(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def test_what_a_cloud_offers_is_listed(look, admin: Client):
    look(debian(), VDI)
    look(debian(), VDI)
    page = admin.get(LIST).content.decode()

    assert CloudImage.objects.count() == 2
    assert "Debian of the cloud" in page
    assert "Cannot be offered as it is" in page


def test_an_operator_offers_one_to_all_of_its_region(look, admin: Client, people):
    StoredBytesFactory(region=people.bob.region)
    look(debian())
    row = CloudImage.objects.get()
    data = {"action": "adopt", "_selected_action": str(row.pk)}
    assert "Offer these images" in admin.post(LIST, data).content.decode()
    assert admin.post(LIST, {**data, "confirmed": "yes"}).status_code == 302

    image = Image.objects.get(category="public", name="Debian of the cloud")
    assert (image.status, image.min_disk_gb, image.min_ram_mb) == ("active", 3, 512)
    assert image.disks.get().stored.ref == "d.d", "nothing is copied"
    assert "Debian of the cloud" in client_of(people.bob).get("/images/?tab=public").content.decode()
    assert "Offered here" in admin.get(LIST).content.decode()


@pytest.mark.parametrize(
    ("images", "code"),
    [
        ((VDI,), "adopt-format"),
        ((debian(),), "adopted-already"),
        ((debian(),), "cloud-image-away"),
    ],
)
def test_what_cannot_be_offered_says_why(look, operator: User, images, code: str):
    look(*images)
    row, actor = CloudImage.objects.get(), platform_actor(operator)
    if code == "adopted-already":
        adopt_image(row, actor=actor)
    if code == "cloud-image-away":
        CloudImage.objects.update(gone_at=now())
    with pytest.raises(Refused, match=code):
        adopt_image(row, actor=actor)


@pytest.mark.django_db(transaction=True)
def test_of_two_operators_at_once_one_offers_it(look, operator: User):
    look(debian())
    one, other = CloudImage.objects.get(), CloudImage.objects.get()
    actor = platform_actor(operator)
    outcomes = at_once(lambda: adopt_image(one, actor=actor), lambda: adopt_image(other, actor=actor))

    assert sorted(outcomes) == ["adopted-already", DONE]
    assert Image.objects.filter(category="public", name="Debian of the cloud").count() == 1


def test_only_operators_do(look, people):
    look(debian())
    with pytest.raises(Refused):
        adopt_image(CloudImage.objects.get(), actor=people.alice)
    assert client_of(people.alice).get(LIST).status_code == 302


def test_one_that_vanishes_is_not_used_until_it_is_there_again(look, adopted: Image, admin: Client):
    look()
    adopted.refresh_from_db()
    assert (adopted.status, adopted.error_code) == ("frozen", "cloud-image-gone")
    assert "does not offer it any more" in adopted.error_sentence
    assert "gone from the cloud" in admin.get(LIST).content.decode()
    look(debian())
    adopted.refresh_from_db()
    assert (adopted.status, adopted.error_code) == ("active", "")


def test_what_was_offered_once_is_forgotten_when_both_are_gone(look, adopted: Image):
    look()
    Image.objects.filter(pk=adopted.pk).update(status="deleted")
    look()
    assert not CloudImage.objects.exists()


def test_one_that_was_withdrawn_is_offered_again_with_the_bytes_that_are_still_known(
    look, adopted: Image, operator: User
):
    Image.objects.filter(pk=adopted.pk).update(status="deleted")
    again = adopt_image(CloudImage.objects.get(), actor=platform_actor(operator))

    assert again != adopted
    assert StoredBytes.objects.filter(ref="d.d").count() == 1


def test_a_look_at_the_store_finds_it_where_it_is(look, operator: User, people):
    """It is in no inventory, as it is not ours."""

    class Lending(Lends):
        def inventory(self) -> Inventory:
            return Inventory()

        def find(self, _kind: Kind, id: UUID) -> tuple[str, ...]:
            return (f"{id}.{id}",) if str(id) in self._there else ()

    cloud_id = "7f0c2f0c-1f0e-4a4e-9a44-55c0c1f2c001"
    look(debian(cloud_id))
    adopt_image(CloudImage.objects.get(), actor=platform_actor(operator))
    with engine_of_region(people.bob.region.code, Lending(debian(cloud_id))):
        assert list(differences()) == []
    with engine_of_region(people.bob.region.code, Lending()):
        assert [each.what for each in differences() if "has lost its file" in each.what]


def test_a_cloud_that_is_silent_takes_nothing_away(look, adopted: Image, people):
    class Silent(Lends):
        def public_images(self) -> tuple[PublicImage, ...]:
            raise Away("no-answer", seconds=1)

    with engine_of_region(people.bob.region.code, Silent()):
        look_for_public_images.func(people.bob.region.code)
    adopted.refresh_from_db()
    assert adopted.status == "active"


def test_the_clock_and_a_button_have_workers_look(people, admin: Client):
    Region.objects.create(code="sky-1", name="Sky", engine="openstack", cloud="sky")
    look_at_clouds()
    assert admin.post(f"{LIST}look/").status_code == 302
    assert [row.args_kwargs["args"] for row in DBTaskResult.objects.all()] == [["sky-1"], ["sky-1"]]
    RegionReport.objects.create(region_id="sky-1", error_code="no-answer")
    look_at_clouds()
    assert DBTaskResult.objects.count() == 2
