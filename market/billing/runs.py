"""Since when a server has run a product, and so by which price: read from usage and prices alone."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from django.db.models import Min, QuerySet

from imsconsole.cloud.models import Usage
from market.billing.costs import ProductRun
from market.billing.products import products_of
from market.models import Price

Products = Mapping[UUID, UUID]


def runs_of(usages: "QuerySet[Usage]", begin: datetime, end: datetime) -> dict[int, ProductRun]:
    """The run that each of the intervals in a time is part of, by their keys; those without a product have none."""
    products = products_of({usage.image_id for usage in usages})
    if not products:
        return {}
    began = _beginnings(usages, products, end)
    prices = _prices(products, usages, began)
    trials = first_uses(
        {
            usage.project_id
            for usage in usages
            if (price := prices.get(usage.pk))
            and price.trial_days
            and began[usage.pk] + _trial(price) > begin
        },
        end,
    )
    runs = {}
    for usage in usages:
        if usage.pk in began:
            listing, price = products[usage.image_id], prices.get(usage.pk)
            first = trials.get((usage.project_id, listing))
            runs[usage.pk] = ProductRun(listing, price, first + _trial(price) if first and price else None)
    return runs


def _beginnings(usages: "QuerySet[Usage]", products: Products, end: datetime) -> dict[int, datetime]:
    """When the run began in which each interval with a product is, however long ago that was."""
    servers = usages.filter(image__in=list(products)).order_by().values("server")
    past = Usage.objects.filter(server__in=servers, started_at__lt=end)
    rows = list(past.order_by().values_list("server", "image").annotate(first=Min("started_at")))
    all_products = products_of({image for _server, image, _first in rows})
    of_server: defaultdict[UUID, list[tuple[UUID | None, datetime]]] = defaultdict(list)
    for server, image, first in rows:
        of_server[server].append((all_products.get(image), first))
    changed = {server for server, each in of_server.items() if len({product for product, _first in each}) > 1}
    began = {
        usage.pk: min(first for _product, first in of_server[usage.server_id])
        for usage in usages
        if usage.image_id in products and usage.server_id not in changed
    }
    history = past.filter(server__in=changed).order_by("server", "started_at", "pk")
    for (_server, product), run in groupby(
        history, key=lambda usage: (usage.server_id, all_products.get(usage.image_id))
    ):
        first_usage, *others = run
        if product:
            began |= {usage.pk: first_usage.started_at for usage in (first_usage, *others)}
    return began


def _prices(products: Products, usages: "QuerySet[Usage]", began: Mapping[int, datetime]) -> dict[int, Price]:
    """The price of each interval's product that held when its run began."""
    of_listing: defaultdict[UUID | None, list[Price]] = defaultdict(list)
    for price in Price.objects.filter(listing__in=set(products.values())).order_by("-valid_from"):
        of_listing[price.listing_id].append(price)
    found = {
        usage.pk: _valid_at(of_listing[products[usage.image_id]], began[usage.pk])
        for usage in usages
        if usage.pk in began
    }
    return {key: price for key, price in found.items() if price}


def _valid_at(prices: list[Price], at: datetime) -> Price | None:
    """The one of prices, the latest first, that held at a moment."""
    return next((price for price in prices if price.valid_from <= at), None)


def _trial(price: Price) -> timedelta:
    return timedelta(days=price.trial_days)


def first_uses(projects: set[UUID], end: datetime) -> dict[tuple[UUID, UUID], datetime]:
    """When these projects first had a server of each product: their trial begins there."""
    used = Usage.objects.filter(project__in=projects, started_at__lt=end).order_by()
    rows = list(used.values_list("project", "image").annotate(first=Min("started_at")))
    products = products_of({image for _project, image, _first in rows})
    found: dict[tuple[UUID, UUID], datetime] = {}
    for project, image, first in rows:
        if product := products.get(image):
            found[project, product] = min(first, found.get((project, product), first))
    return found
