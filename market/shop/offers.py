"""What the market offers: published versions, with what lists and pages say of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, F, OuterRef, QuerySet, Subquery, UUIDField
from django.db.models.functions import Coalesce
from django.urls import reverse

from images.launch.rules import can_launch
from images.models import Image
from images.product.products import load_products
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import Server
from imsconsole.core.rules import ALLOWED, Verdict
from market.models import Edition, ListingVersion, Price
from market.prices.lookup import prices_of, with_price

Offers = QuerySet[ListingVersion]


def offered_in(actor: Actor) -> Offers:
    """The published versions with an image in the actor's region, with their facts."""
    on_market = ListingVersion.objects.filter(state=ListingVersion.State.PUBLISHED)
    return with_facts(on_market.filter(editions__region=actor.region), actor)


def with_facts(versions: "QuerySet[Any]", actor: Actor) -> Offers:
    """Annotates what lists and pages ask for.

    `market_image`: the ID of its image in the actor's region, `platform` the system of that; `running`: how many
    servers of all buyers run the product, in whichever version; `price_unit`, `price_amount`.
    """
    editions = Edition.objects.filter(version_of=OuterRef("pk"), region=actor.region)
    product = "image__edition__version_of__listing"
    running = Server.objects.filter(**{product: OuterRef("listing")}, status=Server.Status.RUNNING)
    counted = running.order_by().values(product).annotate(n=Count("pk")).values("n")
    facts = versions.select_related("listing__publisher").annotate(
        market_image=Subquery(editions.values("image")[:1], output_field=UUIDField()),
        platform=Subquery(editions.values("image__os_version__platform")[:1]),
        running=Coalesce(Subquery(counted), 0),
    )
    return with_price(facts, "listing")


def readable_by(actor: Actor) -> Offers:
    """The versions whose listing has a page for the actor: what is on the market, and what the project uses.

    Of each listing the one on the market, else the latest of those the project has accepted.
    """
    versions = ListingVersion.objects.readable_by(actor)
    first = F("published_at").desc(nulls_last=True)
    return with_facts(versions, actor).order_by(first, "pk")


@dataclass(frozen=True)
class Deployment:
    """The one click from an offer to its deployment (一键部署), where its terms are asked for, once."""

    url: str
    verdict: Verdict


def load_deployments(versions: Sequence[Any], actor: Actor) -> None:
    """Give each version of `offered_in` its `deployment`, None without an image: a few queries, however many there are."""
    images = market_images([version.market_image for version in versions], actor)
    for version in versions:
        image = images.get(version.market_image)
        version.deployment = deployment_of(version, image, actor) if image else None


def market_images(pks: Iterable[UUID | None], actor: Actor) -> dict[UUID, Image]:
    """Images of editions that the actor sees, by ID, with their product."""
    related = ("os_version", "key", "backup__zone")
    images = Image.objects.visible_to(actor).filter(pk__in=[pk for pk in pks if pk])
    found = list(images.select_related(*related))
    load_products(found, actor)
    return {image.pk: image for image in found}


def deployment_of(version: ListingVersion, image: Image, actor: Actor) -> Deployment:
    """A refusal that only asks for the terms is none: the page shows them."""
    verdict = can_launch(image, actor)
    url = reverse("market:deploy", args=[version.listing_id])
    return Deployment(url, ALLOWED if verdict.code == "terms-not-accepted" else verdict)


def priced(versions: Iterable[ListingVersion]) -> dict[UUID, Price]:
    """The price of now of each version's listing, by listing."""
    return prices_of({version.listing_id for version in versions})
