"""The demo: furnished once, found again, its images bootable and in every region."""

import pytest

from images.models import Image
from imsconsole.accounts.actor import projects_of
from imsconsole.accounts.models import Account, Membership, Region, User
from imsconsole.cloud.models import Flavor
from imsconsole.demo.furnish import demo_password, furnish_flavors, furnish_people, furnish_places
from imsconsole.demo.images import IMAGES, furnish_images
from imsconsole.jobs.models import Job

pytestmark = pytest.mark.django_db


def furnish() -> None:
    furnish_places()
    furnish_people(demo_password())
    furnish_flavors()


def test_the_demo_has_the_promised_places_and_people():
    furnish()
    assert {region.code: region.zones.count() for region in Region.objects.all()} == {
        "cn-north-4": 2,
        "cn-east-3": 2,
    }
    roles = {str(one.user.username): (one.account.name, one.role) for one in Membership.objects.all()}
    assert roles["alice"] == ("Acme", "administrator")
    assert roles["bob"] == ("Acme", "full-access")
    assert roles["dave"] == ("Acme", "read-only")
    assert roles["carol"] == ("Globex", "administrator")
    assert len(projects_of(User.objects.get(username="carol"))) == 2
    assert User.objects.get(username="admin").is_superuser


def test_flavors_of_every_kind_are_there():
    furnish()
    assert {"gpu", "npu", "encoder"} <= set(Flavor.objects.values_list("device", flat=True))
    assert Flavor.objects.filter(architecture="arm").exists()
    assert Flavor.objects.filter(bare_metal=True).exists()


def test_furnishing_again_changes_nothing():
    furnish()
    User.objects.filter(username="alice").update(display_name="Alice A.")
    furnish()
    assert User.objects.get(username="alice").display_name == "Alice A."
    assert User.objects.get(username="alice").check_password(demo_password())
    assert Account.objects.count() == 3


@pytest.mark.slow  # builds four guests from Debian's packages
@pytest.mark.guest
@pytest.mark.django_db(transaction=True)
def test_the_public_images_are_built_once_for_every_region():
    furnish()
    assert list(furnish_images()) == []
    images = Image.objects.filter(category="public", status="active")
    assert images.count() == len(IMAGES) * Region.objects.count()
    assert all(image.size_bytes for image in images)
    assert {image.boot_mode for image in images} == {"bios", "uefi"}
    assert list(furnish_images()) == []
    assert Job.objects.count() == images.count()
