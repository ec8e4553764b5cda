"""The demo: furnished once, found again, its images bootable and in every region."""

import pytest

from images.models import Image
from images.public.platform import PLATFORM
from images.verify.store_check import differences
from imsconsole.accounts.actor import projects_of, service_actor
from imsconsole.accounts.models import Account, Membership, Project, Region, User
from imsconsole.cloud.models import Flavor
from imsconsole.demo.furnish import demo_password, furnish_flavors, furnish_people, furnish_places
from imsconsole.demo.images import IMAGES, build_image, furnish_images, start_debian
from imsconsole.demo.jobs import BuildDemoImage, cache_dir
from imsconsole.demo.market import furnish_market
from imsconsole.jobs.models import Job
from market.models import ListingVersion, Price
from tests.conftest import CACHE
from tests.support.workers import kill_at_every_step

pytestmark = pytest.mark.django_db


@pytest.fixture
def packages() -> None:
    """Debian's are those that tests keep, if they do; one is fetched, and what is made of them is made."""
    for kept in CACHE.iterdir():
        here = cache_dir() / kept.name
        if kept.is_dir() and not (kept.name.startswith(("building-", "busybox")) or here.exists()):
            here.symlink_to(kept)


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


@pytest.mark.slow(reason="builds four guests from Debian's packages")
@pytest.mark.guest
@pytest.mark.django_db(transaction=True)
def test_the_public_images_are_built_once_for_every_region(packages: None):
    furnish()
    assert list(furnish_images()) == []
    images = Image.objects.filter(category="public", status="active")
    assert images.count() == len(IMAGES) * Region.objects.count()
    assert all(image.size_bytes for image in images)
    assert {image.boot_mode for image in images} == {"bios", "uefi"}
    assert list(furnish_images()) == []
    assert Job.objects.count() == images.count()


@pytest.mark.slow(reason="a worker is killed or stopped at every point of the job")
@pytest.mark.django_db(transaction=True)
def test_a_public_image_is_built_however_the_worker_dies():
    furnish()
    region = Region.objects.get(code="cn-north-4")
    operator = service_actor(Project.objects.get(account__name=PLATFORM, region=region))
    names = (f"built {number}" for number in range(1000))

    def start() -> Job:
        image = build_image(
            name=next(names), identity="built", boot_mode="bios", region=region, actor=operator
        )
        return Job.objects.about(image.pk).get()

    def check(job: Job) -> None:
        image = Image.objects.get(pk=job.subject_id)
        assert image.status == ("active" if job.state == Job.State.DONE else "killed")
        assert [difference.what for difference in differences()] == []
        assert image.disks.count() == (job.state == Job.State.DONE)

    # the rest is that of any import
    assert kill_at_every_step(BuildDemoImage, start, check, where="build|register", undo=False)


def test_the_workers_are_asked_for_a_debian_once():
    furnish()
    assert list(start_debian()) == []
    job = Job.objects.get(kind="image.fetch")
    assert {slot["boot_mode"] for slot in job.args["slots"]} == {"bios", "uefi"}
    assert {slot["region"] for slot in job.args["slots"]} == set(
        Region.objects.values_list("code", flat=True)
    )
    assert list(start_debian()) == []
    assert Job.objects.count() == 1


def test_a_catalogue_without_debian_is_said(settings, tmp_path):
    furnish()
    settings.IMS_PUBLIC_CATALOGUE = str(tmp_path / "own.toml")
    (tmp_path / "own.toml").write_text("")
    (sentence,) = start_debian()
    assert "no entry debian-12-built" in sentence


@pytest.mark.slow(reason="builds two guests and brings them to two regions")
@pytest.mark.guest
@pytest.mark.django_db(transaction=True)
def test_the_market_has_a_free_and_a_paid_listing_in_every_region_and_everything_has_a_price(packages: None):
    furnish()
    assert list(furnish_market()) == []
    offers = ListingVersion.objects.filter(state="published")
    assert {offer.listing.prices.get().unit for offer in offers} == {"free", "hour"}
    assert Image.objects.filter(category="market", status="active").count() == 2 * Region.objects.count()
    assert not Flavor.objects.exclude(pk__in=Price.objects.values("flavor")).exists()
    before = Job.objects.count(), Price.objects.count()
    assert list(furnish_market()) == []
    assert (Job.objects.count(), Price.objects.count()) == before
