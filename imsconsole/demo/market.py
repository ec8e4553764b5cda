"""The demo's market: what flavors and disks cost, and a publisher with a free and a paid listing.

All of it goes through the services that people use, one after the other. May be repeated.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from images.models import Image
from imsconsole.accounts.actor import Actor, Operator, actor_for
from imsconsole.accounts.models import Project, Region, User
from imsconsole.cloud.models import Flavor
from imsconsole.demo.images import build_image, run_here
from imsconsole.jobs.models import Job
from market.listings.drafts import VersionDraft
from market.listings.services import create_listing, submit_version
from market.models import Listing, ListingVersion, Price, Publisher
from market.prices.services import set_price
from market.publishers.services import apply_as_publisher, approve_publisher
from market.review.services import approve_version

REGION = "cn-north-4"
PUBLISHER: dict[str, Any] = {
    "name": "Globex Software",
    "description": "Small ready-made servers, for trying the market.",
    "contact": "software@globex.example",
}
VCPU_HOUR, GIB_HOUR, GB_MONTH = Decimal("0.12"), Decimal("0.03"), Decimal("0.35")  # the operator's prices
Category = ListingVersion.Category
Unit = Price.Unit
DESCRIPTION = """## What is inside

Debian's cloud kernel with BusyBox. It starts in seconds and takes 192 MB of memory.

* Sign in as `root`, on the screen or by SSH.
* It tells on its console what it found in its seed.
"""


@dataclass(frozen=True)
class Offer:
    """A listing of the demo; its guest says its title."""

    title: str
    summary: str
    category: str
    software: tuple[tuple[str, str], ...]
    price: dict[str, Any] = field(default_factory=lambda: {"unit": Unit.FREE})


OFFERS = (
    Offer(
        "Status page",
        "A guest of the demo that says who it is. Free.",
        Category.DEVELOPMENT,
        (("BusyBox", "1.36"), ("Dropbear", "2022.83")),
    ),
    Offer(
        "Web shop",
        "The same by the hour and vCPU, the first seven days free: to see what is charged.",
        Category.WEB,
        (("BusyBox", "1.36"),),
        {"unit": Unit.HOUR, "amount": "0.36", "per_vcpu": True, "trial_days": 7},
    ),
)


def furnish_market() -> Iterator[str]:
    """Prices and listings that are missing; yields a sentence for each listing that could not be published."""
    operator = Operator(User.objects.get(username="admin"))
    _price_servers(operator)
    project = Project.objects.get(account__name="Globex", region_id=REGION)
    seller = actor_for(User.objects.get(username="carol"), project)
    if seller is None:  # who she was made in the demo is the operator's to change
        return
    if not Publisher.objects.filter(account=project.account).exists():
        approve_publisher(apply_as_publisher(**PUBLISHER, actor=seller), actor=operator)
    for offer in OFFERS:
        yield from _furnish(offer, seller, operator)


def _price_servers(operator: Operator) -> None:
    """Of each flavor by its vCPUs and memory, and of disks."""
    priced = set(Price.objects.exclude(flavor=None).values_list("flavor", flat=True))
    for flavor in Flavor.objects.exclude(pk__in=priced):
        hourly = VCPU_HOUR * flavor.vcpus + GIB_HOUR * flavor.memory_mb / 1024
        price = Price(of=Price.Of.FLAVOR, flavor=flavor, unit=Unit.HOUR, amount=round(hourly, 4))
        set_price(price, actor=operator)
    if not Price.objects.filter(of=Price.Of.DISK).exists():
        disks = Price(of=Price.Of.DISK, unit=Unit.GB_MONTH, amount=GB_MONTH)
        set_price(disks, actor=operator)


def _furnish(offer: Offer, seller: Actor, operator: Operator) -> Iterator[str]:
    """From an image to the market; goes on where an interrupted run has stopped."""
    image = Image.objects.filter(project=seller.project, name=offer.title).first() or build_image(
        name=offer.title,
        identity=offer.title,
        boot_mode="bios",
        region=seller.region,
        project=seller.project,
        actor=seller,
    )
    yield from run_here(Job.objects.about(image.pk).order_by("created_at")[0])
    image.refresh_from_db()
    version = ListingVersion.objects.filter(image=image).first()
    if not image.is_active or (version and version.published_at):
        return
    version = version or _create(offer, image, seller).versions.get()
    if version.state == ListingVersion.State.DRAFT:
        version = submit_version(version, actor=seller)
    yield from _run_jobs(version)
    if version.state == ListingVersion.State.IN_REVIEW:
        version = approve_version(version, actor=operator)
    yield from _run_jobs(version)


def _create(offer: Offer, image: Image, seller: Actor) -> Listing:
    draft = VersionDraft(
        image=image,
        version="1.0",
        title=offer.title,
        summary=offer.summary,
        category=offer.category,
        support="software@globex.example",
        terms="A demo: use it as you like, and expect nothing of it.",
        description=DESCRIPTION,
        release_notes="The first version.",
        software=offer.software,
        regions=list(Region.objects.all()),
    )
    listing = create_listing(draft, actor=seller)
    set_price(Price(of=Price.Of.LISTING, listing=listing, **offer.price), actor=seller)
    return listing


def _run_jobs(version: ListingVersion) -> Iterator[str]:
    for job in Job.objects.about(version.pk).live():
        yield from run_here(job)
    version.refresh_from_db()
