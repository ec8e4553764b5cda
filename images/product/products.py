"""The product of an image: the market image whose terms and price hold for it (§2.16).

It is the image itself or the nearest market image it was made from, however many generations ago (R74, H7).
What is known of it comes from the listing, by relations named in the schema.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, F, OuterRef
from django.urls import reverse

from images.models import PUBLISHED, Image
from images.product.ancestry import load_ancestors, market_image_of
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Project


@dataclass(frozen=True)
class Product:
    """What a project has to know of a market image. `reinstall_until` is set once its listing is withdrawn."""

    project_id: UUID
    image_id: UUID
    listing_id: UUID
    version_id: UUID
    title: str
    version: str
    publisher_id: UUID
    publisher: str
    state: str
    reinstall_until: datetime | None
    is_accepted: bool

    @property
    def is_offered(self) -> bool:
        return self.state == PUBLISHED

    @property
    def is_withdrawn(self) -> bool:
        return self.reinstall_until is not None

    @property
    def page(self) -> str:
        """The address of its offer; empty when that is nobody's to read any more but those who accepted it."""
        if self.is_offered or self.is_accepted:
            return reverse("market:detail", args=[self.listing_id])
        return ""


def load_products(images: Iterable[Image], actor: Actor) -> None:
    """Make `product_of` known for each of `images`: a few queries, however many there are."""
    images = list(images)
    load_ancestors(image for image in images if not hasattr(image, "ancestors"))
    lines = {image.pk: market_image_of(image) for image in images}
    found = _products({line.pk for line in lines.values() if line}, actor.project)
    for image in images:
        line = lines[image.pk]
        image.product = found.get(line.pk) if line else None


def product_of(image: Image, actor: Actor) -> Product | None:
    """The product of an image, as the actor's project stands to it; asked once for each row that was read."""
    if not hasattr(image, "product") or (image.product and image.product.project_id != actor.project.pk):
        load_products([image], actor)
    product: Product | None = image.product
    return product


def _products(pks: set[UUID], project: Project) -> dict[UUID, Product]:
    if not pks:
        return {}
    this = Image.objects.filter(pk=OuterRef("pk"))
    rows = Image.objects.filter(pk__in=pks, edition__isnull=False).values(
        image_id=F("pk"),
        listing_id=F("edition__version_of__listing"),
        version_id=F("edition__version_of"),
        title=F("edition__version_of__title"),
        version=F("edition__version_of__version"),
        publisher_id=F("edition__version_of__listing__publisher"),
        publisher=F("edition__version_of__listing__publisher__name"),
        state=F("edition__version_of__state"),
        reinstall_until=F("edition__version_of__listing__reinstall_until"),
        is_accepted=Exists(this.filter(edition__version_of__acceptances__project=project)),
    )
    return {row["image_id"]: Product(project.pk, **row) for row in rows}
